import type {ListedNode} from '../support/tree-listing.ts';

/**
 * `value`: both have the node, with another value. `golden-only`, `ours-only`: one of the two has it. All else has to be
 * equal: names, values, permissions, order of creation.
 */
export interface AllowedDifference {
  kind: 'value' | 'golden-only' | 'ours-only';
  path: RegExp;
  reason: string;
}

const end = (keys: string): RegExp => new RegExp(`/(${keys})$`);

/** Every difference between our tree and the recorded one that is meant to be. */
export const allowedDifferences: readonly AllowedDifference[] = [
  {kind: 'value', path: /^\/vm\/[^/]+\/start_time$/, reason: 'when the domain was made'},
  {kind: 'value', path: /^\/vm\/[^/]+\/image\/kernel$/, reason: 'the built-in kernel is no file'},
  {
    kind: 'value',
    path: /\/(store|console)\/ring-ref$/,
    reason: 'a machine frame of a PV guest; our guests are translated and have frame numbers of their own',
  },
  {
    kind: 'value',
    path: /\/device\/(vbd|vif)\/\d+\/(tx-|rx-)?ring-ref$/,
    reason: 'Linux has granted other pages before',
  },
  {kind: 'value', path: /\/device\/(vbd|vif)\/\d+\/event-channel(-tx|-rx)?$/, reason: 'Linux has bound IPIs before'},
  {kind: 'value', path: end('console/tty'), reason: 'our console is a stream of the daemon, there is no pty'},
  {
    kind: 'ours-only',
    path: end('max-ring-pages'),
    reason: 'the older spelling of max-ring-page-order, which Linux leaves out',
  },
  {kind: 'value', path: end('control/feature-suspend'), reason: 'the built-in kernel refuses to suspend'},
  {kind: 'value', path: /^\/local\/pool\/0\/name$/, reason: 'xl cpupool-numa-split was tried on the recorded host'},
  {
    kind: 'golden-only',
    path: /^\/local\/domain\/0\/memory(\/|$)/,
    reason: 'written by libxl when xl list -l asks for the memory target of dom0; ours has a fixed size',
  },
];

type Kind = AllowedDifference['kind'];

const isAllowed = (kind: Kind, path: string, used?: Set<AllowedDifference>): boolean => {
  const found = allowedDifferences.find((each) => each.kind === kind && each.path.test(path));
  if (found !== undefined) used?.add(found);
  return found !== undefined;
};

/** Whether the value of a node may differ. */
export const mayDiffer = (path: string): boolean => isAllowed('value', path);

/** Whether a node, or a write to it, is only on one side. */
export const isOneSided = (side: 'golden' | 'ours', path: string): boolean => isAllowed(`${side}-only`, path);

/** Takes the allowed differences out of two listings; notes in `used` which there were. */
export const withoutDifferences = (
  golden: readonly ListedNode[],
  ours: readonly ListedNode[],
  used: Set<AllowedDifference>,
): {golden: ListedNode[]; ours: ListedNode[]} => {
  const valuesOf = (nodes: readonly ListedNode[]) => new Map(nodes.map(({path, value}) => [path, value]));
  const values = {golden: valuesOf(golden), ours: valuesOf(ours)};
  const keep = (kind: Kind, other: Map<string, string>) => (node: ListedNode) =>
    other.has(node.path) || !isAllowed(kind, node.path, used);
  const blank = (node: ListedNode): ListedNode => {
    const {path} = node;
    const differs = values.golden.get(path) !== values.ours.get(path);
    return differs && isAllowed('value', path, used) ? {...node, value: '*'} : node;
  };
  return {
    golden: golden.filter(keep('golden-only', values.ours)).map(blank),
    ours: ours.filter(keep('ours-only', values.golden)).map(blank),
  };
};
