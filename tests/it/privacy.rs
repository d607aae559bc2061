//! Vaults keep their contract.

use bespoke::privacy::MemoryVault;
use bespoke::testing;

#[test]
fn the_vault_in_memory_keeps_the_contract() {
    pollster::block_on(testing::vault::check(MemoryVault::new)).unwrap();
}
