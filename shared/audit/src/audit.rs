//! Everything that a walk meets, accounted for, many groups at a time and in the walk's order.

use std::collections::BTreeSet;
use std::pin::pin;

use futures::stream::{self, StreamExt, TryStreamExt};
use thumbline::Store;
use thumbline::store::StoreError;

use crate::account::Account;
use crate::accountant::Accountant;
use crate::walk::Walk;

/// Accounts for everything that a walk still meets, `at_once` groups at a time, and shows `visit` each account in the order
/// of the walk; at its end, those of what nobody has claimed.
///
/// # Errors
/// [`StoreError`] where S3 can't be asked, and whatever stops `visit`.
pub async fn audit<S: Store + Clone, E: From<StoreError>>(
    accountant: Accountant<'_, S>,
    walk: Walk<S>,
    at_once: usize,
    mut visit: impl FnMut(Account) -> Result<(), E>,
) -> Result<(), E> {
    let mut unclaimed = BTreeSet::new();
    {
        let groups = stream::try_unfold(walk, |mut walk| async move {
            Ok::<_, StoreError>(walk.next().await?.map(|group| (group, walk)))
        });
        let accounts =
            groups.map(|group| async move { accountant.account(group?).await }).buffered(at_once.max(1));
        let mut accounts = pin!(accounts);
        while let Some(account) = accounts.try_next().await? {
            match account.unclaimed {
                Some(prefix) => drop(unclaimed.insert(prefix)),
                None => visit(account)?,
            }
        }
    }
    for account in accountant.account_of_unclaimed(unclaimed).await? {
        visit(account)?;
    }
    Ok(())
}
