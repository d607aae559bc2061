//! The message by minijinja and mail-builder alone: nothing is checked, and the way out is a text
//! that somebody else has signed.

use mail_builder::MessageBuilder;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use minijinja::value::Serde;
use minijinja::{Environment, Value};
use serde::{Deserialize, Serialize};

pub struct Bare {
    environment: Environment<'static>,
    data: Data,
}

#[derive(Deserialize, Serialize)]
struct Data {
    #[serde(skip_serializing)]
    subject: String,
    profile: Profile,
    given: Given,
}

#[derive(Deserialize, Serialize)]
struct Profile {
    first_name: String,
    tier: String,
    city: String,
    vip: bool,
    orders: u32,
}

#[derive(Deserialize, Serialize)]
struct Given {
    shop_name: String,
    headline: String,
    preheader: String,
    intro: String,
    coupon: Option<String>,
    shop_url: String,
    postal_address: String,
    products: Vec<Product>,
    event: Option<Event>,
    #[serde(default)]
    unsubscribe_url: String,
}

#[derive(Deserialize, Serialize)]
struct Product {
    title: String,
    text: String,
    url: String,
    image: String,
    tags: Vec<String>,
    price: f64,
    before: f64,
    reduced: bool,
    last: bool,
    stock: u32,
}

#[derive(Deserialize, Serialize)]
struct Event {
    name: String,
    place: String,
    text: String,
}

impl Bare {
    pub fn new(data: &str, html: &str, text: &str, unsubscribe_url: &str) -> Self {
        let mut data: Data = serde_json::from_str(data).expect("the data is as above");
        unsubscribe_url.clone_into(&mut data.given.unsubscribe_url);
        let mut environment = Environment::new();
        for (name, source) in
            [("subject", data.subject.as_str()), ("mail.html", html), ("mail.txt", text)]
        {
            let added = environment.add_template_owned(name, source.to_owned());
            added.expect("the template compiles");
        }
        Self { environment, data }
    }

    pub fn message(&self) -> Vec<u8> {
        let context = Value::from(Serde(&self.data));
        let render = |name| {
            let template = self.environment.get_template(name).expect("it was added");
            template.render(&context).expect("it renders")
        };
        let way_out = &self.data.given.unsubscribe_url;
        MessageBuilder::new()
            .from(("Mill & Lane", "news@shop.example"))
            .to(("Beatriz Álvares", "beatriz@example.com"))
            .subject(render("subject"))
            .header("Date", Date::new(1_772_355_600))
            .header("Message-ID", MessageId::new("m-1@shop.example"))
            .header("List-Unsubscribe", Raw::new(format!("<{way_out}>")))
            .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"))
            .header("List-ID", Raw::new("<news.shop.example>"))
            .header("Feedback-ID", Raw::new("spring:news:mill-lane"))
            .text_body(render("mail.txt"))
            .html_body(render("mail.html"))
            .write_to_vec()
            .expect("a vector takes everything")
    }
}
