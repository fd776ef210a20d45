import type {XsClient} from '../xenstore/index.ts';
import type {Account} from './ledger.ts';
import {counted} from './primitives.ts';

/** The same client, with the requests counted that are made through it. */
export const meteredStore = (xs: XsClient, account: Account): XsClient => {
  const counting: Pick<XsClient, 'request' | 'watch'> = {
    request: (...args) => {
      account.add(counted.xenstoreOp);
      return xs.request(...args);
    },
    // A watch is the client's own: its events come to that.
    watch: (path) => {
      account.add(counted.xenstoreOp);
      return xs.watch(path);
    },
  };
  return Object.assign(Object.create(xs) as XsClient, counting);
};
