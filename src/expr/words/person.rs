//! Questions about a person in words.

use std::sync::Arc;

use super::{Subject, Words};
use crate::expr::{Literal, Person};

impl Words {
    /// A question that is true or not.
    pub(super) fn of_person(&mut self, person: &Person) {
        match person {
            Person::Anniversary { of, zone } => {
                self.put("today is an anniversary of ");
                self.value(of);
                match zone {
                    Some(zone) => {
                        self.put(" in ");
                        self.put(zone.name());
                    }
                    None => self.put(" where they live"),
                }
            }
            Person::Bucket { .. } => self.bucket(person),
            Person::Changed { of, over } => {
                self.value(of);
                self.put(" has changed");
                self.in_the_last(*over);
            }
            Person::ObservedFor(length) => {
                self.customer("has been known for ");
                self.put(&length.to_string());
                return self.put(" or longer");
            }
        }
        self.subject = Subject::Other;
    }

    /// The number of a bucket.
    pub(super) fn bucket(&mut self, person: &Person) {
        if let Person::Bucket { count, salt } = person {
            self.put("the bucket of ");
            self.literal(&Literal::Number((*count).into()));
            self.put(" for ");
            self.literal(&Literal::Text(Arc::clone(salt)));
        }
    }
}
