//! Messages against another's parser.

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::content::Letter;
use bespoke::email::{
    Address, AddressFault, Composer, Draft, Message, ProviderHeader, Sender, UnsubscribeToken,
};
use bespoke::error::{ErrorKind, Result};
use bespoke::gate::{Candidate, Lookup, Permit, Standing, Verdict, gate};
use bespoke::identity::{CanonicalEmail, Hasher};
use bespoke::key::{KeyVersion, Keys, Secret};
use bespoke::privacy::{Consent, Ledger};
use bespoke::time::{Duration, Timestamp};
use mail_parser::{MessageParser, MimeHeaders as _, PartType};
use proptest::prelude::*;

fn now() -> Timestamp {
    "2026-03-01T09:00:00.987654Z".parse().unwrap()
}

fn keys() -> Arc<Keys> {
    Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32]).unwrap()))
}

fn permit(profile: &str, address: &str, candidate: &Candidate) -> Permit {
    let address = Hasher::new(keys()).digest(&CanonicalEmail::new(address).unwrap()).unwrap();
    let granted = Consent::granted(candidate.purpose().clone(), now(), "1");
    let standing = Standing::new(profile, address)
        .erased(Lookup::Known(false))
        .suppressed(Lookup::Known(None))
        .consents(Lookup::Known(Ledger::new().with(granted)));
    match gate(&standing, candidate, now()).verdict {
        Verdict::Permit(permit) => permit,
        verdict => panic!("{verdict:?}"),
    }
}

fn sender() -> Sender {
    Sender::new("Shop <news@shop.example>", "https://shop.example/u/", "Weg 1, Ulm")
}

fn draft() -> Draft {
    let letter = Letter::new("Für Ann", "Hallo Ann!\n", "<p>Hallo <b>Ann</b>!</p>");
    Draft::new("m-1", "p-1", Address::parse("Ann <Ann@example.com>").unwrap(), letter)
}

fn compose(draft: &Draft, candidate: &Candidate) -> Result<Message> {
    let permit = permit(draft.profile.as_str(), draft.recipient.address(), candidate);
    Composer::new(&sender(), keys())?.compose(permit, draft, now())
}

fn news() -> Candidate {
    Candidate::marketing("news")
}

/// The header's lines before they are folded, split by hand.
fn header_names(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    let (header, _) = text.split_once("\r\n\r\n").unwrap();
    let lines = header.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    lines.map(|line| line.split_once(": ").unwrap_or((line, "")).0.to_owned()).collect()
}

fn check_lines(bytes: &[u8]) {
    assert!(bytes.is_ascii());
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with("\r\n"));
    for line in text.split("\r\n") {
        assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']), "{line:?}");
    }
}

#[test]
fn a_marketing_message_is_this_to_the_byte() {
    let message = compose(&draft(), &news()).unwrap();
    let token =
        UnsubscribeToken::new(&*keys(), "m-1", &"p-1".into(), &"news".into()).unwrap().to_string();
    let text = String::from_utf8(message.bytes.clone()).unwrap();
    let text = text.replace(&token, "TOKEN").replace("=_m-1", "BOUNDARY");
    let expected = "From: \"Shop\" <news@shop.example>\r\n\
        To: \"Ann\" <Ann@example.com>\r\n\
        Subject: =?utf-8?B?RsO8ciBBbm4=?=\r\n\
        Date: Sun, 1 Mar 2026 09:00:00 +0000\r\n\
        Message-ID: <m-1@shop.example>\r\n\
        List-Unsubscribe: <https://shop.example/u/TOKEN>\r\n\
        List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/alternative; boundary=\"BOUNDARY\"\r\n\
        \r\n--BOUNDARY\r\n\
        Content-Type: text/plain; charset=\"utf-8\"\r\n\
        Content-Transfer-Encoding: 7bit\r\n\r\nHallo Ann!\r\n\
        \r\n--BOUNDARY\r\n\
        Content-Type: text/html; charset=\"utf-8\"\r\n\
        Content-Transfer-Encoding: 7bit\r\n\r\n<p>Hallo <b>Ann</b>!</p>\
        \r\n--BOUNDARY--\r\n";
    assert_eq!(text, expected);
    assert_eq!(compose(&draft(), &news()).unwrap().bytes, message.bytes);
}

#[test]
fn the_longest_link_stays_within_a_line() {
    let url = format!("https://shop.example/{}", "u".repeat(512 - 21));
    let sender = Sender::new("news@shop.example", url, "Ulm");
    let draft = Draft::new("m".repeat(128), "p-1", draft().recipient, draft().letter);
    let permit = permit("p-1", "ann@example.com", &news());
    let message = Composer::new(&sender, keys()).unwrap().compose(permit, &draft, now()).unwrap();
    check_lines(&message.bytes);
    assert!(message.bytes.split(|byte| *byte == b'\n').any(|line| line.len() > 700));
}

#[test]
fn a_body_that_holds_a_boundary_gets_another() {
    let first = compose(&draft(), &news()).unwrap();
    let text = String::from_utf8(first.bytes).unwrap();
    let boundary = text.split("boundary=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut hostile = draft();
    hostile.letter.text = format!("Hallo\n--{boundary}--\n");
    let message = compose(&hostile, &news()).unwrap();
    let read = MessageParser::default().parse(&message.bytes).unwrap();
    assert_eq!(read.parts.len(), 3);
    assert_eq!(lines(&read.body_text(0).unwrap()), hostile.letter.text);
}

#[test]
fn amp_stands_between_text_and_html() {
    let mut draft = draft();
    draft.letter = draft.letter.amp("<!doctype html><html ⚡4email></html>");
    let message = compose(&draft, &news()).unwrap();
    let read = MessageParser::default().parse(&message.bytes).unwrap();
    let kinds = read.parts.iter().map(|part| part.content_type().unwrap());
    let kinds = kinds.map(|kind| format!("{}/{}", kind.ctype(), kind.subtype().unwrap()));
    let expected = ["multipart/alternative", "text/plain", "text/x-amp-html", "text/html"];
    assert_eq!(kinds.collect::<Vec<_>>(), expected);
}

#[test]
fn a_list_and_feedback_are_named_where_the_sender_names_them() {
    let mut draft = draft().campaign("spring: Größe 1");
    draft.letter = draft.letter.version("9f86d081");
    let sender = sender()
        .list_id("Neues vom Laden <news.shop.example>")
        .feedback_id("shop-example")
        .header("X-Stream", "news");
    let compose = |sender: &Sender, candidate: &Candidate| {
        let permit = permit("p-1", "ann@example.com", candidate);
        Composer::new(sender, keys()).unwrap().compose(permit, &draft, now()).unwrap().bytes
    };
    let text = String::from_utf8(compose(&sender, &news())).unwrap();
    let feedback = "spring%3A%20Gr%C3%B6%C3%9Fe%201:news:9f86d081:shop-example";
    assert!(text.contains(&format!("\r\nFeedback-ID: {feedback}\r\n")), "{text}");
    assert!(text.contains("\r\nList-ID: \"Neues vom Laden\" <news.shop.example>\r\n"), "{text}");
    assert!(text.contains("\r\nX-Stream: news\r\n"), "{text}");

    let names = header_names(&compose(&sender, &Candidate::transactional("receipt")));
    assert_eq!(
        names[5..],
        ["Auto-Submitted", "Feedback-ID", "X-Stream", "MIME-Version", "Content-Type"]
    );
    let bare = sender.provider_writes([
        ProviderHeader::Date,
        ProviderHeader::FeedbackId,
        ProviderHeader::ListId,
        ProviderHeader::ListUnsubscribe,
        ProviderHeader::MessageId,
    ]);
    let names = header_names(&compose(&bare, &news()));
    assert_eq!(names, ["From", "To", "Subject", "X-Stream", "MIME-Version", "Content-Type"]);
}

#[test]
fn a_draft_may_come_from_another_address() {
    let draft = draft()
        .from(Address::parse("Ann's shop <ann@münchen.example>").unwrap())
        .reply_to(Address::parse("help@shop.example").unwrap());
    let message = compose(&draft, &news()).unwrap();
    assert_eq!(message.from.address(), "ann@xn--mnchen-3ya.example");
    let read = MessageParser::default().parse(&message.bytes).unwrap();
    assert_eq!(mailbox(read.from()).1, "ann@xn--mnchen-3ya.example");
    assert_eq!(mailbox(read.reply_to()).1, "help@shop.example");
    assert_eq!(read.message_id(), Some("m-1@xn--mnchen-3ya.example"));
}

#[test]
fn a_message_carries_the_version_and_the_variants_of_its_letter() {
    let mut draft = draft();
    draft.letter = draft.letter.version("9f86d081").variant("hero", "loyal");
    let message = compose(&draft, &news()).unwrap();
    assert_eq!(message.version.as_deref(), Some("9f86d081"));
    assert_eq!(message.variants.get("hero").map(|it| &**it), Some("loyal"));
    assert_eq!(Message::from_json(&message.to_json()).unwrap(), message);
}

#[test]
fn a_message_of_the_first_form_is_read() {
    let message = compose(&draft(), &news()).unwrap();
    let json = message.to_json();
    let first = json.replace("\"form\":2", "\"form\":1").replace(",\"variants\":{}", "");
    let first = first.replace(",\"version\":null", "");
    assert!(!first.contains("version") && !first.contains("variants"), "{first}");
    assert_eq!(Message::from_json(&first).unwrap(), message);
}

#[test]
fn a_transactional_message_has_no_way_out() {
    let message = compose(&draft(), &Candidate::transactional("receipt")).unwrap();
    let names = header_names(&message.bytes);
    assert!(!names.iter().any(|name| name.starts_with("List-")), "{names:?}");
    assert!(names.contains(&"Auto-Submitted".to_owned()), "{names:?}");
    assert!(!format!("{message:?} {:?}", draft()).contains("nn@"));
}

#[test]
fn a_stored_message_is_refused_where_it_is_none() {
    let message = compose(&draft(), &news()).unwrap();
    let json = message.to_json();
    assert_eq!(Message::from_json(&json).unwrap(), message);
    for (from, to, kind, detail) in [
        ("\"form\":2", "\"form\":3", ErrorKind::Format, "a form that this version does not read"),
        ("\"form\":2", "\"form\":0", ErrorKind::Format, "a form that this version does not read"),
        ("\"form\":2", "\"from\":1", ErrorKind::Format, "broken at column"),
        ("\"marketing\"", "\"other\"", ErrorKind::Format, "broken at column"),
        ("Hallo Ann!", "Hallo Änn!", ErrorKind::Format, "not ASCII"),
        ("\"id\":\"m-1\"", "\"id\":\"../m\"", ErrorKind::Address, "id: "),
        ("\" <Ann@example.com>\"", "\" <Ann>\"", ErrorKind::Address, "recipient: address: "),
        ("\" <news@shop.example>\"", "\" <\\n>\"", ErrorKind::Address, "from: address: "),
    ] {
        let odd = json.replace(from, to);
        assert_ne!(odd, json, "{from}");
        let error = Message::from_json(&odd).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(detail), "{error}");
        assert!(!error.to_string().contains("Ann"), "{error}");
    }
    assert!(Message::from_json(json.trim_end_matches('}')).is_err());
}

#[test]
fn a_permit_is_for_one_person_and_address_and_not_for_long() {
    let composer = Composer::new(&sender(), keys()).unwrap();
    let late = now().plus(Duration::hours(1));
    let early = now().minus(Duration::from_micros(1));
    let ann = "ann@example.com";
    for (profile, address, at, expected) in [
        ("p-1", ann, now(), None),
        ("p-1", ann, late.minus(Duration::from_micros(1)), None),
        ("p-1", ann, late, Some(ErrorKind::Permit)),
        ("p-1", ann, early, Some(ErrorKind::Permit)),
        ("p-2", ann, now(), Some(ErrorKind::Permit)),
        ("p-1", "bob@example.com", now(), Some(ErrorKind::Permit)),
    ] {
        let found = composer.compose(permit(profile, address, &news()), &draft(), at);
        assert_eq!(found.err().map(|error| error.kind()), expected, "{profile} {address} {at}");
    }
}

#[test]
fn a_control_character_is_an_error_that_names_its_field() {
    for c in ['\r', '\n', '\0', '\t', '\u{7f}', '\u{85}', '\u{2028}', '\u{2029}'] {
        let mut subject = draft();
        subject.letter.subject = format!("Hallo{c}Bcc: all@example.com");
        let mut id = draft();
        id.id = format!("m{c}1").into();
        for (field, draft) in [("subject", subject), ("id", id)] {
            let error = compose(&draft, &news()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Address);
            assert!(error.to_string().starts_with(&format!("{field}: ")), "{error}");
        }
        let wrong = Sender::new(format!("Shop{c} <a@b.de>"), format!("https://b.de/{c}"), "Ulm");
        let error = Composer::new(&wrong.reply_to(format!("a{c}@b.de")), keys()).unwrap_err();
        for field in ["from: ", "reply_to: ", "unsubscribe_url: "] {
            assert!(error.to_string().contains(field), "{c:?} {error}");
        }
    }
    for (field, text, html) in
        [("text", "a\0", "b"), ("html", "a", "\u{b}b"), ("text", " \n", "b"), ("html", "a", "")]
    {
        let mut wrong = draft();
        wrong.letter = Letter::new("Hallo", text, html);
        let error = compose(&wrong, &news()).unwrap_err();
        assert!(error.to_string().starts_with(&format!("{field}: ")), "{error}");
    }
}

/// The content of an element, its entities resolved; the suite writes a control character as the
/// symbol for it.
fn element(test: &str, name: &str) -> Option<String> {
    let (_, rest) = test.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once(&format!("</{name}>"))?;
    let mut plain = String::new();
    for (at, part) in text.split('&').enumerate() {
        match part.split_once(';').filter(|_| at > 0) {
            Some((entity, rest)) => {
                plain.push(match entity {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    code => {
                        let code = u32::from_str_radix(code.trim_start_matches("#x"), 16).unwrap();
                        let code =
                            if (0x2400..0x2420).contains(&code) { code - 0x2400 } else { code };
                        char::from_u32(code).unwrap()
                    }
                });
                plain.push_str(rest);
            }
            None => plain.push_str(part),
        }
    }
    Some(plain)
}

/// What isemail's category says of a fault that is not of controls.
fn category(fault: AddressFault) -> &'static str {
    match fault {
        AddressFault::TopLevel
        | AddressFault::NumericTopLevel
        | AddressFault::QuotedLocal
        | AddressFault::AddressLiteral => "ISEMAIL_RFC5321",
        AddressFault::Comment => "ISEMAIL_CFWS",
        AddressFault::Obsolete => "ISEMAIL_DEPREC",
        AddressFault::Domain | AddressFault::TooLong => "ISEMAIL_RFC5322",
        _ => "ISEMAIL_ERR",
    }
}

#[test]
fn addresses_are_judged_as_isemail_judges_them() {
    let Some(text) = crate::data("email_validation/tests.xml") else { return };
    let mut counts: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let mut odd = Vec::new();
    for test in text.split("<test id=").skip(1) {
        let address = element(test, "address").unwrap_or_default();
        let theirs = element(test, "category").unwrap();
        let count = counts.entry(theirs.clone()).or_default();
        // Not what is left once white space is cut: the suite asks whether this is an address.
        let found = Address::new(None, &address).map(|read| read.address() == address);
        match found.map_err(|error| AddressFault::of(&error).unwrap()) {
            Ok(true) => count.0 += 1,
            Ok(false) | Err(AddressFault::Control) => count.1 += 1,
            Err(fault) => {
                count.1 += 1;
                if category(fault) != theirs {
                    odd.push((theirs, fault, address));
                }
            }
        }
    }
    let counts: Vec<_> =
        counts.iter().map(|(name, (taken, refused))| (&**name, *taken, *refused)).collect();
    assert_eq!(
        counts,
        [
            ("ISEMAIL_CFWS", 0, 10),
            ("ISEMAIL_DEPREC", 0, 20),
            ("ISEMAIL_DNSWARN", 8, 0),
            ("ISEMAIL_ERR", 0, 66),
            ("ISEMAIL_RFC5321", 0, 16),
            ("ISEMAIL_RFC5322", 0, 30),
            ("ISEMAIL_VALID_CATEGORY", 13, 1),
        ]
    );
    // No mail server of a top-level domain is known to take mail, though the syntax allows it; and
    // since RFC 6532 a backslash may stand before any character.
    let kept = [
        ("ISEMAIL_VALID_CATEGORY", AddressFault::TopLevel, "test@io"),
        ("ISEMAIL_ERR", AddressFault::QuotedLocal, r#""test\©"@iana.org"#),
    ];
    let odd: Vec<_> = odd.iter().map(|(name, fault, text)| (&**name, *fault, &**text)).collect();
    assert_eq!(odd, kept);
}

/// Texts of the pieces that have broken mail before.
fn odd() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "\t",
        "\0",
        "\u{85}",
        "\u{2028}",
        "\r\n\r\n",
        "Bcc: all@x.de",
        "=?utf-8?Q?x?=",
        "=?utf-8?B?eA==?=",
        "=?",
        "?=",
        "=",
        "=20",
        "_",
        "?",
        " ",
        "  ",
        "\u{a0}",
        "\u{feff}",
        "\"",
        "\\",
        "<",
        ">",
        "(",
        ")",
        ",",
        ";",
        ":",
        "@",
        "--",
        "--=_",
        ".",
        "\r\n.\r\n",
        "From ",
        "ü",
        "日本語",
        "😀",
        "e\u{301}",
        "a",
        "Ann",
        "ann@x.de",
        "{{ name }}",
        "&amp;",
        "https://x.de/?a=b&c=d",
        "word ",
    ]);
    let pieces = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let long = ("[a-zü =?]{1,3}", 1..1200_usize).prop_map(|(text, times)| text.repeat(times));
    prop_oneof![4 => pieces, 1 => any::<String>(), 1 => long]
}

/// The same without what is refused, so that most cases are composed.
fn clean() -> impl Strategy<Value = String> {
    odd().prop_map(|text| {
        let ends = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        text.chars().filter(|c| !ends(c)).collect()
    })
}

fn header_text() -> impl Strategy<Value = String> {
    prop_oneof![1 => odd(), 6 => clean()]
}

fn body_text() -> impl Strategy<Value = String> {
    let tame = odd().prop_map(|text| text.replace('\0', ""));
    prop_oneof![1 => odd(), 6 => tame]
}

fn lines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[derive(Clone, Debug)]
struct Fields {
    from: String,
    reply_to: String,
    name: String,
    id: String,
    subject: String,
    text: String,
    html: String,
    amp: Option<String>,
    list: String,
    campaign: String,
    version: String,
    further: String,
}

fn fields() -> impl Strategy<Value = Fields> {
    let id = prop_oneof![4 => "[a-zA-Z0-9_-]{1,40}", 1 => odd()];
    let heads = (header_text(), header_text(), header_text(), id, header_text());
    let bodies = (body_text(), body_text(), prop::option::of(body_text()));
    let further = prop_oneof![4 => "[ -~]{1,80}", 1 => odd()];
    let others = (header_text(), odd(), odd(), further);
    (heads, bodies, others).prop_map(|(heads, bodies, others)| {
        let (from, reply_to, name, id, subject) = heads;
        let (text, html, amp) = bodies;
        let (list, campaign, version, further) = others;
        Fields {
            from,
            reply_to,
            name,
            id,
            subject,
            text,
            html,
            amp,
            list,
            campaign,
            version,
            further,
        }
    })
}

fn escaped(name: &str) -> String {
    name.replace('\\', r"\\").replace('"', r#"\""#)
}

fn compose_fields(fields: &Fields) -> Result<Message> {
    let named = |name: &str, address| {
        Ok::<_, bespoke::Error>(Address::new(Some(name), address)?.to_string())
    };
    let sender = Sender::new(
        named(&fields.from, "news@shop.example")?,
        "https://shop.example/u/",
        "Weg 1, Ulm",
    )
    .reply_to(named(&fields.reply_to, "help@shop.example")?)
    .list_id(format!("\"{}\" <news.shop.example>", escaped(&fields.list)))
    .feedback_id("shop-1")
    .header("X-Further", fields.further.clone());
    let recipient = Address::new(Some(&fields.name), "ann@example.com")?;
    let mut letter = Letter::new(fields.subject.clone(), fields.text.clone(), fields.html.clone())
        .version(fields.version.clone());
    letter.amp.clone_from(&fields.amp);
    let draft =
        Draft::new(fields.id.clone(), "p-1", recipient, letter).campaign(fields.campaign.clone());
    let permit = permit("p-1", "ann@example.com", &news());
    Composer::new(&sender, keys())?.compose(permit, &draft, now())
}

fn mailbox(address: Option<&mail_parser::Address<'_>>) -> (String, String) {
    let all: Vec<_> = address.into_iter().flat_map(|address| address.iter()).collect();
    let [one] = all.as_slice() else { panic!("{all:?}") };
    (one.name().unwrap_or_default().to_owned(), one.address().unwrap_or_default().to_owned())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_composed_is_read_back_or_refused(fields in fields()) {
        let Ok(message) = compose_fields(&fields) else { return Ok(()) };
        check_lines(&message.bytes);
        let expected = [
            "From", "To", "Subject", "Date", "Message-ID", "Reply-To", "List-Unsubscribe",
            "List-Unsubscribe-Post", "List-ID", "Feedback-ID", "X-Further", "MIME-Version",
            "Content-Type",
        ];
        prop_assert_eq!(header_names(&message.bytes), expected);

        let read = MessageParser::default().parse(&message.bytes).unwrap();
        let names: Vec<&str> = read.headers().iter().map(mail_parser::Header::name).collect();
        prop_assert_eq!(names, expected);
        prop_assert_eq!(read.subject().unwrap_or_default(), fields.subject.trim());
        let own = |name: &str, address: &str| (name.trim().to_owned(), address.to_owned());
        prop_assert_eq!(mailbox(read.from()), own(&fields.from, "news@shop.example"));
        prop_assert_eq!(mailbox(read.to()), own(&fields.name, "ann@example.com"));
        prop_assert_eq!(mailbox(read.reply_to()), own(&fields.reply_to, "help@shop.example"));
        prop_assert_eq!(read.message_id(), Some(&*format!("{}@shop.example", fields.id)));
        prop_assert_eq!(read.date().unwrap().to_timestamp(), now().micros() / 1_000_000);
        let way_out = read.header_raw("List-Unsubscribe").unwrap().trim();
        let token = way_out.strip_prefix("<https://shop.example/u/").unwrap().strip_suffix('>').unwrap();
        let token = UnsubscribeToken::read(token).unwrap();
        prop_assert_eq!(token.message().as_str(), &fields.id);
        prop_assert!(token.verify(&*keys(), &"p-1".into(), &"news".into()));

        let list = read.header_raw("List-ID").unwrap().trim();
        prop_assert!(list.ends_with("<news.shop.example>"), "{}", list);
        let feedback = read.header_raw("Feedback-ID").unwrap();
        prop_assert_eq!(feedback.split(':').count(), 4);
        prop_assert!(feedback.trim().ends_with(":shop-1"), "{}", feedback);
        let further = read.header_raw("X-Further").unwrap().replace("\r\n", "");
        prop_assert_eq!(further.trim(), fields.further.trim());

        let bodies = [Some(&fields.text), fields.amp.as_ref(), Some(&fields.html)];
        let bodies: Vec<String> = bodies.into_iter().flatten().map(|body| lines(body)).collect();
        let found = read.parts.iter().skip(1).map(|part| match &part.body {
            PartType::Text(text) | PartType::Html(text) => {
                assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{text:?}");
                lines(text)
            }
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(found.collect::<Vec<_>>(), bodies);
    }

    #[test]
    fn a_stored_message_is_read_back(fields in fields(), owed in any::<bool>()) {
        let Ok(mut message) = compose_fields(&fields) else { return Ok(()) };
        if owed {
            message.kind = bespoke::gate::MessageKind::Transactional;
        }
        prop_assert_eq!(Message::from_json(&message.to_json()).unwrap(), message);
    }

    #[test]
    fn no_text_panics_as_a_stored_message(cut in 0..600_usize, put in any::<char>()) {
        let json = compose(&draft(), &news()).unwrap().to_json();
        let mut odd: Vec<char> = json.chars().collect();
        odd[cut % json.len()] = put;
        if let Ok(message) = Message::from_json(&odd.into_iter().collect::<String>()) {
            prop_assert!(message.bytes.is_ascii());
        }
    }

    #[test]
    fn most_clean_fields_are_composed(subject in clean(), name in clean()) {
        let mut fields = Fields {
            from: name.clone(), reply_to: name.clone(), name, id: "m-1".into(), subject,
            text: "a".into(), html: "b".into(), amp: None, list: String::new(),
            campaign: "c".into(), version: "v".into(), further: "f".into(),
        };
        prop_assert!(compose_fields(&fields).is_ok());
        fields.subject.push('\n');
        prop_assert!(compose_fields(&fields).is_err());
    }
}
