import {refuse} from './refusal.ts';
import {ACK, type Reply, type Request} from './request.ts';
import {Transaction} from './transaction.ts';

/** @see docs/misc/xenstore.txt, "Transactions" */

export function transactionStart(request: Request): Reply {
  const {connection, store} = request;
  if (request.transaction !== undefined) return refuse.EBUSY;
  const {privileged, transactions} = connection;
  if (!privileged && transactions.size > store.quotaOf(connection.domain).transactions) return refuse.ENOSPC;
  const id = connection.nextTxId();
  transactions.set(id, new Transaction(store, connection));
  store.openTransactions++;
  return `${id}\0`;
}

/** `T` commits, `F` drops. It is over in any case. */
export function transactionEnd(request: Request): Reply {
  const {cause, connection, store, string, transaction, txId} = request;
  if (string !== 'T' && string !== 'F') return refuse.EINVAL;
  if (transaction === undefined) return refuse.ENOENT;
  connection.transactions.delete(txId);
  store.openTransactions--;
  const refusal = string === 'T' ? store.commit(transaction, connection, cause) : undefined;
  return refusal ?? ACK;
}
