import {GuestAccess, HypercallDoor} from '../../../hypervisor/hypercall/index.ts';
import type {Hypervisor} from '../../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {RigDomain} from '../rig.ts';
import type {Layer} from '../seam/layer.ts';

const ERESTART = 85;
const PAGE_WORDS = PAGE_SIZE / 4;
/** Turns that a call which is interrupted may take. */
const MAX_TURNS = 10_000;

/** What a hypercall left behind. */
export interface HypercallResult {
  /** >= 0, or -errno. */
  readonly result: number;
  /** The argument's words afterwards. */
  readonly words: Uint32Array;
  /** Turns that it took. */
  readonly turns: number;
}

/** A kernel's hypercalls through the ABI: numbers, and structs as words in its memory. */
export class Hypercaller {
  /** Says at each element of a list that the caller's slice is used up. */
  interrupted = false;
  private readonly memory: RigDomain['domain']['memory'];
  private readonly enter: HypercallDoor['call'];
  private readonly firstWord: number;

  constructor(xen: Hypervisor, {domain, ops}: RigDomain, layers: readonly Layer[]) {
    const first = ops.pages.alloc();
    if (first === undefined) throw new Error('no page for hypercalls');
    this.memory = domain.memory;
    this.firstWord = first * PAGE_WORDS;
    const nothing = (): void => undefined;
    const door = new HypercallDoor({
      xen,
      domain,
      vcpu: {
        index: 0,
        setUpcallVector: nothing,
        setCallbackVector: nothing,
        now: () => ops.schedule.now(),
        setTimer: nothing,
        stopTimer: nothing,
        preempt: () => this.interrupted,
        yield: nothing,
        halt: nothing,
      },
      guest: new GuestAccess(domain.memory, domain.abi, (linear) => (linear < domain.memory.u8.length ? linear : -1)),
    });
    this.enter = layers.reduceRight<HypercallDoor['call']>(
      (next, {hypercall}) => (hypercall === undefined ? next : (number, args) => hypercall(next, number, args)),
      (number, args) => door.call(number, args),
    );
  }

  /** Calls with the struct, or list of structs, at the caller's argument page; `count` goes with a list. */
  call(number: number, cmd: number, struct: readonly number[], count?: number): HypercallResult {
    const {u32} = this.memory;
    u32.set(struct, this.firstWord);
    const args = [cmd, this.firstWord * 4, ...(count === undefined ? [] : [count])];
    let result = this.enter(number, args);
    let turns = 1;
    for (; result === -ERESTART && turns < MAX_TURNS; turns++) result = this.enter(number, args);
    return {result, words: this.memory.u32.slice(this.firstWord, this.firstWord + struct.length), turns};
  }
}
