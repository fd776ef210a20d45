import type {HypervisorOps} from '../../../hypervisor/index.ts';
import {type DomainMemory, PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {XS, type XsMessage, type XsReceiver, type XsTransport} from '../../../hypervisor/xenstore/index.ts';
import type {Layer, SharedWord} from './layer.ts';

const PAGE_WORDS = PAGE_SIZE / 4;
const ringNode = /(?:^|\/)([\w-]*ring-ref\d*)$/;

type Passage = (message: XsMessage) => void;
type Call = (...args: unknown[]) => unknown;

/**
 * Where an implementation under test touches the world. What it is given goes through the layers, the first of which is
 * the outermost; drivers need no patch points for that.
 */
export class Seam {
  readonly ops: HypervisorOps;
  private readonly real: HypervisorOps;
  private readonly layers: readonly Layer[];
  private readonly rings = new Map<number, string>();
  private readonly views = new WeakMap<Uint32Array, Uint32Array>();
  private readonly memories = new WeakMap<DomainMemory, DomainMemory>();

  constructor(real: HypervisorOps, layers: readonly Layer[]) {
    this.real = real;
    this.layers = layers;
    this.ops = this.wrapOps();
  }

  /** Words of this frame are watched from now on. */
  nameRing(ring: string, gfn: number, memory: DomainMemory): void {
    if (this.rings.get(gfn) === ring) return;
    this.rings.set(gfn, ring);
    const page = memory.u32.subarray(gfn * PAGE_WORDS, (gfn + 1) * PAGE_WORDS);
    for (const layer of this.layers) layer.ringFound?.(ring, gfn, page);
  }

  /** A way to the store with the layers on it. */
  transport(inner: XsTransport): XsTransport {
    let receiver: XsReceiver | undefined;
    const {layers} = this;
    const deliver = layers.reduceRight<Passage>(
      (next, {receive}) => (receive === undefined ? next : (message) => receive(message, next)),
      (message) => receiver?.onMessage(message),
    );
    const reply = (request: XsMessage, payload: string): void =>
      this.real.schedule.post(() => deliver({...request, payload}));
    const put = layers.reduceRight<Passage>(
      (next, {send}) =>
        send === undefined ? next : (message) => send(message, next, (payload) => reply(message, payload)),
      (message) => {
        this.noticeRing(message);
        inner.send(message);
      },
    );
    return {
      send: put,
      receive: (each) => {
        receiver = each;
        inner.receive({onMessage: deliver, onClose: () => each.onClose()});
      },
      close: () => inner.close(),
    };
  }

  /** A frontend publishes its rings by their references. */
  private noticeRing({type, payload}: XsMessage): void {
    if (type !== XS.WRITE) return;
    const [path, value] = payload.split('\0');
    const ring = ringNode.exec(path)?.[1];
    if (ring !== undefined) this.nameRing(ring, this.real.grantor.gfnOf(Number(value)), this.real.memory);
  }

  private wrapOps(): HypervisorOps {
    const {real} = this;
    const grantor = wrapCalls(real.grantor, (name) => this.hooksOf('grantor', name));
    const calls = wrapCalls(real, (name) => this.hooksOf('ops', name));
    return new Proxy(real, {
      get: (_target, key) => {
        if (key === 'memory') return this.watch(real.memory);
        if (key === 'grantor') return grantor;
        if (key === 'mappedMemory') return (handle: number) => this.watch(real.mappedMemory(handle));
        return Reflect.get(calls, key) as unknown;
      },
    });
  }

  private hooksOf(part: 'ops' | 'grantor', name: PropertyKey): Call[] {
    return this.layers.flatMap((layer) => (layer[part] as Record<PropertyKey, Call> | undefined)?.[name] ?? []);
  }

  private watch(memory: DomainMemory): DomainMemory {
    let watched = this.memories.get(memory);
    if (watched === undefined) {
      watched = new Proxy(memory, {
        get: (target, key) => (key === 'u32' ? this.watchWords(target.u32) : bound(target, key)),
      });
      this.memories.set(memory, watched);
    }
    return watched;
  }

  private watchWords(words: Uint32Array): Uint32Array {
    let view = this.views.get(words);
    if (view === undefined) {
      view = new Proxy(words, {
        get: (target, key) => {
          const index = wordIndex(key);
          return index < 0 ? bound(target, key) : this.readWord(target, index);
        },
        set: (target, key, value: number) => {
          this.writeWord(target, wordIndex(key), value);
          return true;
        },
      });
      this.views.set(words, view);
    }
    return view;
  }

  private readWord(words: Uint32Array, index: number): number {
    const word = this.wordAt(words, index);
    if (word === undefined) return words[index];
    const fetch = this.layers.reduceRight<(at: SharedWord) => number>(
      (next, {read}) =>
        read === undefined ? next : (at) => read(at, (offset) => next(offset === undefined ? at : {...at, offset})),
      ({page, offset}) => page[offset / 4],
    );
    return fetch(word);
  }

  private writeWord(words: Uint32Array, index: number, value: number): void {
    const word = this.wordAt(words, index);
    const store = (final: number): void => void (words[index] = final);
    if (word === undefined) return store(value);
    this.layers.reduceRight<(value: number) => void>(
      (next, {write}) => (write === undefined ? next : (each) => write(word, each >>> 0, next)),
      store,
    )(value);
  }

  private wordAt(words: Uint32Array, index: number): SharedWord | undefined {
    const gfn = Math.floor(index / PAGE_WORDS);
    const ring = this.rings.get(gfn);
    if (ring === undefined) return undefined;
    const page = words.subarray(gfn * PAGE_WORDS, (gfn + 1) * PAGE_WORDS);
    return {ring, gfn, offset: (index % PAGE_WORDS) * 4, page};
  }
}

/** An index of a typed array as a proxy sees it; -1 for names. */
const wordIndex = (key: PropertyKey): number => {
  if (typeof key !== 'string') return -1;
  const first = key.charCodeAt(0);
  return first >= 48 && first <= 57 ? Number(key) : -1;
};

const bound = (target: object, key: PropertyKey): unknown => {
  const value: unknown = Reflect.get(target, key, target);
  return typeof value === 'function' ? (value as Call).bind(target) : value;
};

const wrapCalls = <T extends object>(target: T, hooksOf: (name: PropertyKey) => Call[]): T => {
  const wrapped = new Map<PropertyKey, Call>();
  const wrap = (key: PropertyKey, call: Call): Call => {
    const made = hooksOf(key).reduceRight<Call>(
      (next, hook) =>
        (...args) =>
          hook(next, ...args),
      call,
    );
    wrapped.set(key, made);
    return made;
  };
  return new Proxy(target, {
    get: (_target, key) => {
      const known = wrapped.get(key);
      if (known !== undefined) return known;
      const value = bound(target, key);
      return typeof value === 'function' ? wrap(key, value as Call) : value;
    },
  });
};
