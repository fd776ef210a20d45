import {type TxId, XsClient} from '../../hypervisor/xenstore/index.ts';

/**
 * The toolstack's own client. Its transactions wait for one another: they prune directories that all devices share, so
 * that a hundred at once would mostly make each other begin anew.
 */
export class ToolstackXs extends XsClient {
  private last: Promise<void> = Promise.resolve();

  override transaction<T>(body: (tx: TxId) => Promise<T>): Promise<T> {
    const result = this.last.then(() => super.transaction(body));
    this.last = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }
}
