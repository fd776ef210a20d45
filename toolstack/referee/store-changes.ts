import {Refusal, type RequestTrace} from '../../hypervisor/xenstore/index.ts';

/** What a request did to one node, once it took effect. */
export interface StoreChange {
  readonly kind: 'write' | 'remove';
  /** Absolute. */
  readonly path: string;
  /** Of a write. */
  readonly value: string;
  readonly domid: number;
}

/** Requests of one open transaction that are kept; a guest's quota is below. */
const MAX_CHANGES = 65536;

const kinds: Readonly<Record<string, StoreChange['kind'] | undefined>> = {WRITE: 'write', RM: 'remove'};

/** Makes of the store's requests what took effect: each transaction as a whole, when it is committed. */
export class StoreChanges {
  private readonly onCommit: (changes: readonly StoreChange[]) => void;
  private readonly open = new Map<string, StoreChange[]>();

  constructor(onCommit: (changes: readonly StoreChange[]) => void) {
    this.onCommit = onCommit;
  }

  take(request: RequestTrace): void {
    const {type, txId, reply} = request;
    const failed = reply instanceof Refusal;
    if (type === 'TRANSACTION_END') return this.end(request, failed);
    const kind = kinds[type];
    if (kind === undefined || failed) return;
    const change = changeOf(kind, request);
    if (txId === 0) return this.onCommit([change]);
    const key = keyOf(request);
    const changes = this.open.get(key);
    if (changes === undefined) this.open.set(key, [change]);
    else if (changes.length < MAX_CHANGES) changes.push(change);
  }

  private end(request: RequestTrace, failed: boolean): void {
    const key = keyOf(request);
    const changes = this.open.get(key);
    this.open.delete(key);
    if (changes !== undefined && !failed && request.payload.startsWith('T')) this.onCommit(changes);
  }
}

/** Numbers of transactions are those of the connection. */
const keyOf = ({serial, txId}: RequestTrace): string => `${serial} ${txId}`;

const changeOf = (kind: StoreChange['kind'], {payload, domId}: RequestTrace): StoreChange => {
  const end = payload.indexOf('\0');
  const path = end < 0 ? payload : payload.slice(0, end);
  const absolute = path.startsWith('/') ? path : `/local/domain/${domId}/${path}`;
  return {kind, path: absolute, value: end < 0 ? '' : payload.slice(end + 1), domid: domId};
};
