//! Names of people and of facts.

/// A text that names one sort of thing and is no other sort's.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone,
            Debug,
            serde::Deserialize,
            Eq,
            Hash,
            Ord,
            PartialEq,
            PartialOrd,
            serde::Serialize,
        )]
        #[serde(transparent)]
        pub struct $name(smol_str::SmolStr);

        impl $name {
            /// The identifier with this text; one of up to 23 bytes needs no memory elsewhere.
            pub fn new(text: impl Into<std::sync::Arc<str>>) -> Self {
                Self(smol_str::SmolStr::from(text.into()))
            }

            /// The identifier's text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(&self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
    };
}

pub(crate) use identifier;

identifier! {
    /// Whose facts: the host's own opaque identifier of a person, or a keyed digest. It orders by
    /// its bytes.
    ProfileId
}

identifier! {
    /// Which fact: an event's `messageId`, the key by which duplicates are dropped.
    MessageId
}
