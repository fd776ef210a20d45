import type {ByteString} from './byte-string.ts';
import {restorePermissions, savePermissions, type SavedPermissions} from './saved-tree.ts';
import type {Touched} from './transaction.ts';
import {addChild, storeNode, type NodeRecord, type StoreNode} from './tree.ts';
import {WrittenRecord} from './written-record.ts';

/** As {@link Touched}. `before` lists the names of the children; `base` says that a written record started from it. */
interface SavedTouched {
  readonly path: ByteString;
  readonly before?: SavedRecord & {readonly names: readonly ByteString[]};
  readonly now?:
    | 'before'
    | (SavedRecord & {
        readonly removed: readonly ByteString[];
        readonly added: readonly ByteString[];
        readonly base: boolean;
      });
  readonly modified: boolean;
  readonly event: Touched['event'];
}

interface SavedRecord {
  readonly value: ByteString;
  readonly perms: SavedPermissions;
  readonly generation: number;
}

/** An open transaction as {@link Transaction.save} gives it: JSON. */
export interface SavedTransaction {
  readonly createdNode: boolean;
  readonly failed: boolean;
  readonly nodeCounts: readonly (readonly [number, number])[];
  readonly touched: readonly SavedTouched[];
}

const saveRecord = ({value, perms, generation}: NodeRecord): SavedRecord => ({
  value,
  perms: savePermissions(perms),
  generation,
});

export function saveTouched({path, before, now, modified, event}: Touched): SavedTouched {
  const written = now instanceof WrittenRecord ? now : undefined;
  return {
    path,
    modified,
    event,
    before: before && {...saveRecord(before), names: [...before.names()]},
    now: written
      ? {
          ...saveRecord(written),
          removed: [...written.removed],
          added: [...written.added],
          base: written.base !== undefined,
        }
      : now && 'before',
  };
}

export function restoreTouched({path, before, now, modified, event}: SavedTouched): Touched {
  const found = before && restoreRecord(before);
  if (now === undefined || now === 'before') return {path, before: found, now: now && found, modified, event};
  const written = new WrittenRecord(restorePermissions(now.perms), now.base ? found : undefined);
  written.value = now.value;
  written.generation = now.generation;
  for (const name of now.removed) written.removed.add(name);
  for (const name of now.added) written.added.add(name);
  return {path, before: found, now: written, modified, event};
}

/** Of the children the names matter only. */
function restoreRecord({value, perms, generation, names}: NonNullable<SavedTouched['before']>): StoreNode {
  const node = storeNode({value, perms: restorePermissions(perms), generation});
  for (const name of names) addChild(node, name, node);
  return node;
}
