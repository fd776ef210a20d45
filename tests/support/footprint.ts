import type {StoreNode} from '../../hypervisor/xenstore/index.ts';
import type {TestHost} from './host.ts';

/** What domains and their devices use up, to find what one has left behind. */
export interface Footprint {
  /** The whole store, a line a node. */
  readonly store: readonly string[];
  readonly domains: readonly string[];
  readonly freePages: number;
  /** Of dom0: pages of guests that it has mapped, ports, watches. */
  readonly dom0: {readonly maps: number; readonly ports: number; readonly watches: number};
  /** Ports of all bridges. */
  readonly bridgePorts: number;
}

export const footprintOf = ({host, trace}: TestHost): Footprint => {
  const dom0 = host.xen.domain(0);
  return {
    store: [...linesOf(host.store.snapshot(), '')],
    domains: host.domains().map(({name, domid}) => `${name} ${domid}`),
    freePages: host.xen.freePages,
    dom0: {
      maps: dom0?.maptrack.count ?? 0,
      ports: [...(dom0?.ports.open() ?? [])].length,
      watches: requests(trace, 'WATCH') - requests(trace, 'UNWATCH'),
    },
    bridgePorts: host.networks.all.reduce((sum, {links}) => sum + links.length, 0),
  };
};

function* linesOf(node: StoreNode, path: string): IterableIterator<string> {
  for (const [name, child] of node.children) {
    yield `${path}/${name} = "${child.value}" (${JSON.stringify(child.perms)})`;
    yield* linesOf(child, `${path}/${name}`);
  }
}

/** Requests of dom0's connections in a trace that has been taken from the beginning. */
const requests = (trace: readonly string[], type: string): number =>
  trace.filter((line) => line.includes(' d0 xenstore_request ') && line.includes(` type=${type} `)).length;
