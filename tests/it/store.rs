//! Stores keep their contract.

use bespoke::store::MemoryStore;
use bespoke::testing;

#[test]
fn the_store_in_memory_keeps_the_contract() {
    pollster::block_on(testing::store::check(MemoryStore::new)).unwrap();
}
