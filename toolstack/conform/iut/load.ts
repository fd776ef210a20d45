import type {Iut} from './iut.ts';

/** Where an implementation is found: what a worker is told. */
export type IutSource =
  | {readonly kind: 'own'}
  | {readonly kind: 'module'; readonly path: string}
  | {readonly kind: 'xenstored'; readonly path: string; readonly domainSockets?: string}
  | {readonly kind: 'kernel'; readonly name: string; readonly image: string};

/** Each restores a kernel. */
const KERNEL_RUNS = 1;
const KERNEL_ORDERS = 4;
const KERNEL_LIMIT_MS = 120_000;

const loaders: {[K in IutSource['kind']]: (source: Extract<IutSource, {kind: K}>) => Promise<Iut>} = {
  own: async () => (await import('./own.ts')).ownImplementation,
  module: async ({path}) => (await import('./module.ts')).loadModule(path),
  kernel: async ({name, image}) => ({
    name,
    kernel: image,
    maxRuns: KERNEL_RUNS,
    maxOrders: KERNEL_ORDERS,
    limitMs: KERNEL_LIMIT_MS,
    subjects: ['frontend/vbd', 'frontend/vif', 'frontend/console'],
  }),
  xenstored: async (source) => (await import('./xenstored.ts')).socketStore(source),
};

export const loadIut = (source: IutSource): Promise<Iut> =>
  (loaders[source.kind] as (source: IutSource) => Promise<Iut>)(source);
