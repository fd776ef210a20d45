import type {Store} from './store.ts';
import type {StoreNode} from './tree.ts';

/** What does not hold in a store; nothing, unless we have a bug. */
export function findFaults(store: Store): string[] {
  const faults: string[] = [];
  const owned = new Map<number, number>();
  const todo: [string, StoreNode][] = [['/', store.tree.snapshot()]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [path, node] = next;
    const owner = node.perms[0].domId;
    owned.set(owner, (owned.get(owner) ?? 0) + 1);
    if (node.generation > store.tree.generation) faults.push(`${path} is newer than the store`);
    for (const [name, child] of node.children) todo.push([path === '/' ? `/${name}` : `${path}/${name}`, child]);
  }
  for (const {domId, nodes, watches, outstanding} of store.domains.all()) {
    const count = owned.get(domId) ?? 0;
    if (nodes !== count) faults.push(`domain ${domId} owns ${count} nodes and is said to own ${nodes}`);
    if (watches < 0 || outstanding < 0)
      faults.push(`domain ${domId} has ${watches} watches, ${outstanding} outstanding`);
  }
  for (const domId of owned.keys()) {
    if (store.domains.find(domId) === undefined) faults.push(`domain ${domId} owns nodes and is unknown`);
  }
  return faults;
}
