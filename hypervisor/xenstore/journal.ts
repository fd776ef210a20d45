import type {ByteString} from './byte-string.ts';
import {loadDomains, saveDomains, type SavedDomain} from './saved-store.ts';
import {restorePermissions, savePermissions, type SavedPermissions} from './saved-tree.ts';
import type {Store} from './store.ts';
import type {Change} from './tree.ts';

/** Path, generation, value, permissions, children removed, children added; null for what stayed. */
type JournalWrite = readonly [
  ByteString,
  number,
  ByteString | null,
  SavedPermissions | null,
  readonly ByteString[],
  readonly ByteString[],
];

/** What has changed between two deliveries, whole requests and whole transactions: JSON. */
export interface JournalBatch {
  readonly writes: readonly JournalWrite[];
  /** All of them, when anything about them changed. */
  readonly domains?: readonly SavedDomain[];
  readonly specialPerms?: readonly (readonly [ByteString, SavedPermissions])[];
}

export interface Journal {
  /** Must have it safe when the call ends. */
  append(batch: JournalBatch): void;
}

/** Watches a store for a {@link Journal}. */
export class Recorder {
  private readonly store: Store;
  private readonly journal: Journal;
  private writes: JournalWrite[] = [];
  private domainsVersion: number;

  constructor(store: Store, journal: Journal) {
    this.store = store;
    this.journal = journal;
    this.domainsVersion = store.domains.version;
    store.tree.onWrite = (...write) => void this.writes.push(journalWrite(...write));
  }

  commit(): void {
    const {domains} = this.store;
    const sameDomains = domains.version === this.domainsVersion;
    if (sameDomains && this.writes.length === 0) return;
    const {writes} = this;
    this.forget();
    this.journal.append(sameDomains ? {writes} : {writes, ...savedDomains(this.store)});
  }

  forget(): void {
    this.writes = [];
    this.domainsVersion = this.store.domains.version;
  }
}

const savedDomains = (store: Store): Pick<JournalBatch, 'domains' | 'specialPerms'> => ({
  domains: saveDomains(store),
  specialPerms: Array.from(store.specialPerms, ([name, perms]) => [name, savePermissions(perms)] as const),
});

const journalWrite = (path: ByteString, change: Change, generation: number): JournalWrite => {
  const {value = null, perms, removed = [], added = []} = change;
  return [path, generation, value, perms === undefined ? null : savePermissions(perms), [...removed], [...added]];
};

/** Makes the changes of a batch again, in the order in which they were made first. */
export function replayBatch(store: Store, {writes, domains, specialPerms = []}: JournalBatch): void {
  for (const [path, generation, value, perms, removed, added] of writes) {
    const change = {value: value ?? undefined, perms: perms === null ? undefined : restorePermissions(perms)};
    store.tree.replay(path, {...change, removed, added}, generation);
  }
  if (domains !== undefined) {
    store.domains.clear();
    loadDomains(store, domains);
  }
  for (const [name, perms] of specialPerms) store.specialPerms.set(name, restorePermissions(perms));
}
