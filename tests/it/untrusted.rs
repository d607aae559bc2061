//! Templates that anybody may have written: what they do at worst.

use allocation_counter::measure;
use bespoke::content::{Content, Context, Template};
use bespoke::error::ErrorKind;
use bespoke::schema::Schema;
use bespoke::value::{Fields, Value};
use bespoke::{Engine, Error, Result};

/// The most that a template may take while it is read and rendered, in bytes: what it prints, twice,
/// and what it is kept as.
const MEMORY: u64 = 4 << 20;

/// Long texts, and lists of lists.
fn context() -> Context {
    let line = Value::from(vec![Value::from("a & b"); 1_000]);
    let given = Fields::from_iter([
        ("text", Value::from("<&\"'>".repeat(20_000))),
        ("list", Value::from(vec![line; 1_000])),
    ]);
    Context::default().given(&given)
}

/// Reads a template and renders it, and the memory that this took at most.
fn run(source: &str, context: &Context) -> (Result<()>, u64) {
    let mut done = Ok(());
    let taken = measure(|| {
        let content = Content::untrusted(source, "");
        done = content.and_then(|content| content.render(context).map(drop));
    });
    (done, taken.bytes_max)
}

/// Every way known to use up a host by a template.
fn bombs() -> Vec<String> {
    let fixed = [
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for i in range(100000) %}{% for j in range(100000) %}x{% endfor %}{% endfor %}",
        "{% macro again() %}{{ again() }}{{ again() }}{% endmacro %}{{ again() }}",
        "{% macro a() %}{% for i in range(9999) %}aaaaaaaa{% endfor %}{% endmacro %}{% for i in range(9999) %}{% set x = a() %}{% endfor %}",
        "{{ 2 ** 1000 }}",
        "{{ 2 ** 2 ** 2 ** 2 ** 2 ** 2 }}",
        "{{ 'a' * 100000000 }}",
        "{% set x = 'a' * 100000000 %}{{ x }}{{ x }}{{ x }}{{ x }}{{ x }}",
        "{{ [1] * 99999999 | list }}",
        "{{ ([1] * 99999999) | list | length }}",
        "{{ '%999999999s' | format('a') }}",
        "{{ [1] | batch(100000000, 0) }}",
        "{{ [1] | slice(100000000) }}",
        "{{ 'aaaa' | replace('a', 'b' * 1000) | replace('b', 'c' * 1000) }}",
        "{{ given.text | indent(1000000) }}",
        "{{ given.list | join(given.text) }}",
        "{{ given.list | map('join', given.text) | join }}",
        "{{ range(100000) | list | sort | join('aaaaaaaaaa') }}",
        "{{ given.text | list | pprint }}",
        "{{ debug() }}",
        "{{ namespace(a=1) }}",
        "{{ 4 is divisibleby 0 }}",
        "{% for a in given.list %}{{ loop.cycle() }}{% endfor %}",
        // In the language of untrusted templates.
        "{% for a in given.list %}{% for b in a %}{{ given.text }}{% endfor %}{% endfor %}",
        "{% for a in given.list %}{% for b in a %}{% if b == given.text %}x{% endif %}{% endfor %}{% endfor %}",
        "{% for a in given.list %}{% for b in a if given.text in given.text %}{% endfor %}{% endfor %}",
        "{{ given.text }}{{ given.text }}{{ given.text }}{{ given.text }}",
        "{{ given.text | urlencode | urlencode | urlencode | urlencode }}",
        "{% for a in given.list %}{% if given.list %}{% endif %}{% for b in a %}{% if given.list %}{% endif %}{% endfor %}{% endfor %}",
        "{{ given.list }}",
    ];
    let doubled =
        format!("{{% set x = 'aaaaaaaa' %}}{}{{{{ x }}}}", "{% set x = x ~ x %}".repeat(26));
    let built = [
        doubled,
        format!("{{{{ {}1{} }}}}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}{}", "{% if 1 %}".repeat(10_000), "{% endif %}".repeat(10_000)),
        format!("{{% if 1 %}}{}{{% endif %}}", "{% elif 1 %}".repeat(5_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(15_000)),
        format!("{{{{ given{} }}}}", ".a".repeat(30_000)),
        "{{ given.text }}".repeat(4_000),
        "{{ 1 + 1 }}".repeat(5_900),
        "{{ 1 | a }}".repeat(5_900),
        "x".repeat(1 << 20),
    ];
    fixed.into_iter().map(str::to_owned).chain(built).collect()
}

#[test]
fn every_bomb_is_stopped_within_its_memory() {
    let context = context();
    for bomb in bombs() {
        let (done, taken) = run(&bomb, &context);
        let shown: String = bomb.chars().take(60).collect();
        // What is divided by 0 is a panic of the engine's, and false here.
        let stopped = done.as_ref().map_err(Error::kind);
        assert!(
            matches!(stopped, Err(ErrorKind::Template)) || bomb.contains("divisibleby"),
            "{shown}"
        );
        assert!(taken < MEMORY, "{shown}: {taken} bytes");
    }
}

#[test]
fn steps_are_counted_and_output_is_measured() {
    let lists = |length: usize| {
        let given = Fields::from_iter([("list", Value::from(vec![Value::from("a"); length]))]);
        Context::default().given(&given)
    };
    // An empty turn of a loop takes three steps.
    let source = "{% for a in given.list %}{% endfor %}";
    assert!(run(source, &lists(3_000)).0.is_ok());
    let error = run(source, &lists(3_400)).0.unwrap_err();
    assert!(error.to_string().contains("out of fuel"), "{error}");
    // What is printed ends at 256 KiB, also of staff's at 1 MiB.
    let text = |length: usize| {
        let given = Fields::from_iter([("text", Value::from("a".repeat(length)))]);
        Context::default().given(&given)
    };
    let print = "{{ given.text }}";
    assert!(run(print, &text(256 << 10)).0.is_ok());
    let error = run(print, &text((256 << 10) + 1)).0.unwrap_err();
    assert!(error.to_string().contains("it comes to more than 262144 bytes"), "{error}");
    let staff = Content::new(print, "").unwrap();
    assert!(staff.render(&text(1 << 20)).is_ok());
    let error = staff.render(&text((1 << 20) + 1)).unwrap_err();
    assert!(error.to_string().contains("it comes to more than 1048576 bytes"), "{error}");
}

#[test]
fn nothing_but_the_declared_names_can_be_reached() {
    let mut engine = Engine::new(Schema::new()).unwrap();
    for name in [
        "range",
        "dict",
        "namespace",
        "debug",
        "self",
        "super",
        "caller",
        "loop",
        "environment",
        "_",
        "__class__",
        "config",
        "varargs",
        "cycler",
        "joiner",
        "lipsum",
        "now",
        "random",
        "state",
    ] {
        let template = Template::untrusted("", "", &format!("{{{{ {name} }}}}")).unwrap();
        let error = engine.add_template(name, template).unwrap_err();
        assert!(error.to_string().contains(&format!("there is no variable `{name}`")), "{error}");
        // Without a vocabulary it is not there either.
        let content = Content::untrusted("", &format!("{{{{ {name} }}}}")).unwrap();
        assert!(content.render(&Context::default()).is_err(), "{name}");
    }
}

#[test]
fn what_a_mail_needs_is_allowed() {
    let source = "Dear {{ given.name | default('you') | title }},\n\
        {% for line in given.lines %}{{ loop.index }}. {{ line.title }}: {{ line.price | fixed(2) }}\n\
        {% else %}nothing\n{% endfor %}\
        {% if given.total >= 50 and given.country in ['DE', 'AT'] %}Free of charge.{% endif %}";
    let line = |title: &str, price: &str| {
        let price = Value::Number(price.parse().unwrap());
        Value::Object(Fields::from_iter([("title", Value::from(title)), ("price", price)]))
    };
    let given = Fields::from_iter([
        ("name", Value::from("ann")),
        ("lines", Value::from(vec![line("Tea", "3.5"), line("Pot", "47")])),
        ("total", Value::from(51)),
        ("country", Value::from("AT")),
    ]);
    let rendered =
        Content::untrusted("", source).unwrap().render(&Context::default().given(&given));
    let expected = "Dear Ann,\n1. Tea: 3.50\n2. Pot: 47.00\nFree of charge.";
    assert_eq!(rendered.unwrap().text, expected);
}
