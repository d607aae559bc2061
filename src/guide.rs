//! Chapters to read: no code, but their examples are tested.

#[doc = include_str!("../docs/RULES.md")]
pub mod rules {}

#[doc = include_str!("../docs/EXPLANATIONS.md")]
pub mod explanations {}

#[doc = include_str!("../docs/PLAYBOOK.md")]
pub mod playbook {}

#[doc = include_str!("../docs/ARCHITECTURE.md")]
pub mod architecture {}

#[doc = include_str!("../docs/STORE.md")]
pub mod store {}

#[doc = include_str!("../docs/PUSHDOWN.md")]
pub mod pushdown {}

#[doc = include_str!("../docs/LINT.md")]
pub mod lint {}
