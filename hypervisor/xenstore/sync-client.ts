import {decodeText, encodeText, type ByteString} from './byte-string.ts';
import {MAX_TRANSACTION_ATTEMPTS, type TxId} from './client.ts';
import {DirectoryParts} from './directory-parts.ts';
import type {InProcessConnection} from './in-process.ts';
import {Refusal} from './refusal.ts';
import {XS, type XsType} from './wire.ts';
import {XsError} from './xs-error.ts';

/** One write of {@link SyncXs.apply}. Without `value` the node is made as by mkdir. */
export interface XsEntry {
  readonly path: string;
  readonly value?: string;
  /** `n0`, `r5`: the owner first. */
  readonly perms?: readonly string[];
}

/**
 * Requests to the store in this process, answered by the call. `undefined` stands for ENOENT where something is read; every
 * other refusal is thrown as {@link XsError}.
 */
export class SyncXs {
  private readonly connection: InProcessConnection;
  private readonly txId: TxId;

  constructor(connection: InProcessConnection, txId: TxId = 0) {
    this.connection = connection;
    this.txId = txId;
  }

  read(path: string): string | undefined {
    const value = this.optional(XS.READ, path, `${encodeText(path)}\0`);
    return value === undefined ? undefined : decodeText(value);
  }

  write(path: string, value: string): void {
    this.request(XS.WRITE, path, `${encodeText(path)}\0${encodeText(value)}`);
  }

  mkdir(path: string): void {
    this.request(XS.MKDIR, path, `${encodeText(path)}\0`);
  }

  /** A missing node is no error when its parent exists. */
  rm(path: string): void {
    this.request(XS.RM, path, `${encodeText(path)}\0`);
  }

  /** Names of the children, in order of creation. */
  directory(path: string): string[] | undefined {
    const parts = new DirectoryParts();
    for (;;) {
      const part = this.optional(XS.DIRECTORY_PART, path, `${encodeText(path)}\0${parts.offset}\0`);
      if (part === undefined) return undefined;
      if (parts.add(part) === 'complete') return parts.names;
    }
  }

  getPerms(path: string): string[] | undefined {
    return this.optional(XS.GET_PERMS, path, `${encodeText(path)}\0`)
      ?.split('\0')
      .slice(0, -1);
  }

  setPerms(path: string, perms: readonly string[]): void {
    this.request(XS.SET_PERMS, path, `${encodeText(path)}\0${perms.map((perm) => `${perm}\0`).join('')}`);
  }

  /** Writes all entries, in order. */
  apply(entries: Iterable<XsEntry>): void {
    for (const {path, value, perms} of entries) {
      if (value === undefined) this.mkdir(path);
      else this.write(path, value);
      if (perms !== undefined) this.setPerms(path, perms);
    }
  }

  /** Runs `body` in a transaction and commits, anew when the commit conflicts; what `body` throws aborts it. */
  transaction<T>(body: (xs: SyncXs) => T): T {
    for (let attempt = 1; ; attempt++) {
      const id = Number.parseInt(this.request(XS.TRANSACTION_START, 'transaction', '\0'), 10);
      const result = new SyncXs(this.connection, id).abortOnError(body);
      const reply = this.connection.request(XS.TRANSACTION_END, id, 'T\0');
      if (!(reply instanceof Refusal)) return result;
      if (reply.errno !== 'EAGAIN' || attempt === MAX_TRANSACTION_ATTEMPTS)
        throw new XsError(reply.errno, 'transaction');
    }
  }

  private abortOnError<T>(body: (xs: SyncXs) => T): T {
    try {
      return body(this);
    } catch (error) {
      this.request(XS.TRANSACTION_END, 'transaction', 'F\0');
      throw error;
    }
  }

  private optional(type: XsType, path: string, payload: ByteString): ByteString | undefined {
    const reply = this.connection.request(type, this.txId, payload);
    if (!(reply instanceof Refusal)) return reply;
    if (reply.errno === 'ENOENT') return undefined;
    throw new XsError(reply.errno, path);
  }

  private request(type: XsType, path: string, payload: ByteString): ByteString {
    const reply = this.connection.request(type, this.txId, payload);
    if (reply instanceof Refusal) throw new XsError(reply.errno, path);
    return reply;
  }
}
