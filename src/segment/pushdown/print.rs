//! Plans as SQL.
use super::dialect::Dialect;
use super::plan::Plan;

impl Dialect {
    pub(super) fn print(self, _plan: &Plan) -> String {
        String::new()
    }
}
