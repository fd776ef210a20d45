import {closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, truncateSync, writeSync} from 'node:fs';
import type {Journal, JournalBatch, SavedNodes} from '../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../errors.ts';

/** The journal may grow to this many times the size of the tree in front of it, and to this at least. */
const GROWTH = 4;
const GROWTH_BYTES = 4 * 1024 * 1024;

interface Content {
  readonly nodes: SavedNodes;
  readonly since: readonly JournalBatch[];
}

/**
 * The tree of a store in a file: in the first line all of it, then a line for each batch of changes, in JSON, one byte a
 * character. A line is written before anybody is told of its changes, so a process that is killed loses nothing that it
 * acknowledged; a last line in part was not acknowledged, and is dropped. Now and then the file is written anew beside the
 * old one, and takes its place.
 */
export class StateFile implements Journal {
  private readonly path: string;
  private readonly currentNodes: () => SavedNodes;
  private fd = -1;
  private treeBytes = 0;
  private journalBytes = 0;

  /** `currentNodes` is asked when the file is written anew. */
  constructor(path: string, currentNodes: () => SavedNodes) {
    this.path = path;
    this.currentNodes = currentNodes;
  }

  /** What the file has, if there is one; what is appended later goes behind it. */
  open(): Content | undefined {
    if (!existsSync(this.path)) {
      this.rewrite();
      return undefined;
    }
    const text = readFileSync(this.path, 'latin1');
    const end = text.lastIndexOf('\n') + 1;
    truncateSync(this.path, end);
    this.fd = openSync(this.path, 'a');
    const [first, ...rest] = text
      .slice(0, end)
      .split('\n')
      .slice(0, -1)
      .map((line) => this.parse(line));
    if (!isNodes(first)) throw this.unreadable();
    this.treeBytes = text.indexOf('\n') + 1;
    this.journalBytes = end - this.treeBytes;
    return {nodes: first, since: rest as JournalBatch[]};
  }

  append(batch: JournalBatch): void {
    this.journalBytes += this.write(batch);
    if (this.journalBytes > Math.max(GROWTH * this.treeBytes, GROWTH_BYTES)) this.rewrite();
  }

  close(): void {
    if (this.fd >= 0) closeSync(this.fd);
    this.fd = -1;
  }

  private rewrite(): void {
    this.close();
    const beside = `${this.path}.new`;
    this.fd = openSync(beside, 'w', 0o600);
    this.treeBytes = this.write(this.currentNodes());
    this.journalBytes = 0;
    fsyncSync(this.fd);
    renameSync(beside, this.path);
  }

  /** @returns bytes written */
  private write(value: SavedNodes | JournalBatch): number {
    const bytes = Buffer.from(`${JSON.stringify(value)}\n`, 'latin1');
    for (let done = 0; done < bytes.length;) done += writeSync(this.fd, bytes, done);
    return bytes.length;
  }

  private parse(line: string): unknown {
    try {
      return JSON.parse(line);
    } catch {
      throw this.unreadable();
    }
  }

  private unreadable(): ToolstackError {
    return new ToolstackError('EINVAL', `pvsim: ${this.path} is not the state of a store`);
  }
}

const isNodes = (value: unknown): value is SavedNodes =>
  typeof value === 'object' && value !== null && 'nodes' in value && Array.isArray(value.nodes);
