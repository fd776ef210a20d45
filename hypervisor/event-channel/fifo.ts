import {
  EVTCHN_FIFO_LINK_MASK,
  EVTCHN_FIFO_LINKED,
  EVTCHN_FIFO_MASKED,
  EVTCHN_FIFO_MAX_QUEUES,
  EVTCHN_FIFO_NR_CHANNELS,
  EVTCHN_FIFO_PENDING,
  EVTCHN_FIFO_PRIORITY_DEFAULT,
  evtchn_fifo_control_block,
} from '../abi/event-channel.ts';
import {offsetsOf, sizeOf} from '../abi/layout.ts';
import {PAGE_SIZE, PAGE_WORDS} from '../memory/index.ts';
import type {EventWords} from './event-words.ts';
import type {SharedInfo} from './shared-info.ts';

const PENDING = 1 << EVTCHN_FIFO_PENDING;
const MASKED = 1 << EVTCHN_FIFO_MASKED;
const LINKED = 1 << EVTCHN_FIFO_LINKED;

/** No queue has a tail: port 0 is never valid. */
const NONE = 0;
const control = offsetsOf(evtchn_fifo_control_block, 'x86_64');

/** Bytes of a control block, the same on both ABIs. */
export const CONTROL_BLOCK_SIZE = sizeOf(evtchn_fifo_control_block, 'x86_64');
const MAX_PAGES = EVTCHN_FIFO_NR_CHANNELS / PAGE_WORDS;

/** What the hypervisor and the kernel each remember of a queue: one vCPU's, of one priority. */
interface Queue {
  /** Hypervisor: the port last linked. */
  tail: number;
  /** Kernel: the next port of a queue that it left off in the middle, NONE to look in the control block. */
  head: number;
}

interface VcpuQueues {
  /** Index into memory.u32 of the control block. */
  readonly block: number;
  /** By priority: 0 is handled first. */
  readonly queues: readonly Queue[];
}

/**
 * Event words that link pending ports into queues, one a vCPU and priority: 2^17 ports.
 * @see event_channel.h, "FIFO ABI"
 */
export class FifoEvents implements EventWords {
  readonly maxPorts = EVTCHN_FIFO_NR_CHANNELS;
  private readonly info: SharedInfo;
  /** Index into memory.u32 of each page of the event array. */
  private readonly pages: number[] = [];
  private readonly vcpus: VcpuQueues[] = [];
  /** Where each port was linked last. */
  private readonly lastQueues: Queue[] = [];
  /** Those of ports that do not have the default. */
  private readonly priorities = new Map<number, number>();
  /** Ports that were sent to before their word was there. */
  private readonly early = new Set<number>();
  private taken = 0;

  constructor(info: SharedInfo) {
    this.info = info;
  }

  /** Ports that have a word. */
  get capacity(): number {
    return this.pages.length * PAGE_WORDS;
  }

  /** EVTCHNOP_init_control for one vCPU. */
  setControlBlock(vcpu: number, byteOffset: number): void {
    const queues = Array.from({length: EVTCHN_FIFO_MAX_QUEUES}, () => ({tail: NONE, head: NONE}));
    this.vcpus[vcpu] = {block: byteOffset >>> 2, queues};
  }

  hasControlBlock(vcpu: number): boolean {
    return this.vcpus[vcpu] !== undefined;
  }

  /** EVTCHNOP_set_priority: counts when the port is linked the next time. False when there is no such priority. */
  setPriority(port: number, priority: number): boolean {
    if (priority >= EVTCHN_FIFO_MAX_QUEUES) return false;
    if (priority === EVTCHN_FIFO_PRIORITY_DEFAULT) this.priorities.delete(port);
    else this.priorities.set(port, priority);
    return true;
  }

  /** EVTCHNOP_expand_array with one more page; false when there are all. The guest has initialised its words. */
  expand(gfn: number): boolean {
    if (this.pages.length === MAX_PAGES) return false;
    this.pages.push((gfn * PAGE_SIZE) >>> 2);
    return true;
  }

  /** Ports that were sent to too early and have a word now. */
  takeEarly(): number[] {
    const ports = [...this.early].filter((port) => port < this.capacity);
    for (const port of ports) this.early.delete(port);
    return ports;
  }

  isPending(port: number): boolean {
    return this.has(port, PENDING);
  }

  setPending(port: number): boolean {
    if (port >= this.capacity) {
      this.early.add(port);
      return false;
    }
    if (this.has(port, PENDING)) return false;
    this.info.memory.u32[this.word(port)] |= PENDING;
    return true;
  }

  clearPending(port: number): void {
    this.early.delete(port);
    if (port < this.capacity) this.info.memory.u32[this.word(port)] &= ~PENDING;
  }

  isMasked(port: number): boolean {
    return this.has(port, MASKED);
  }

  mask(port: number): void {
    if (port < this.capacity) this.info.memory.u32[this.word(port)] |= MASKED;
  }

  clearMask(port: number): void {
    if (port < this.capacity) this.info.memory.u32[this.word(port)] &= ~MASKED;
  }

  raise(vcpu: number, port: number): boolean {
    const owner = this.vcpus[vcpu];
    if (owner === undefined || this.has(port, LINKED)) return false;
    const {u32} = this.info.memory;
    const priority = this.priorities.size === 0 ? EVTCHN_FIFO_PRIORITY_DEFAULT : this.priorityOf(port);
    const queue = owner.queues[priority];
    this.leaveOldQueue(port, queue);
    u32[this.word(port)] |= LINKED;
    const wasLinked = queue.tail !== NONE && queue.tail !== port && this.linkTail(queue.tail, port);
    queue.tail = port;
    if (wasLinked) return false;
    // The queue was empty, or the kernel has taken its tail meanwhile: the port is its head.
    u32[owner.block + (control.head >>> 2) + priority] = port;
    const ready = owner.block + (control.ready >>> 2);
    const wasReady = (u32[ready] & (1 << priority)) !== 0;
    u32[ready] |= 1 << priority;
    return !wasReady && this.info.markUpcall(vcpu);
  }

  takePending(vcpu: number, handle: (port: number) => void): number {
    const owner = this.vcpus[vcpu];
    const {u32} = this.info.memory;
    this.info.clearUpcall(vcpu);
    if (owner === undefined) return 0;
    const {block, queues} = owner;
    const ready = u32[block + (control.ready >>> 2)];
    u32[block + (control.ready >>> 2)] = 0;
    this.taken = 0;
    for (const [priority, queue] of queues.entries()) {
      if (((ready >>> priority) & 1) === 0 && queue.head === NONE) continue;
      const head = block + (control.head >>> 2) + priority;
      // What is raised meanwhile hangs itself behind, or asks for another upcall. No queue is longer than there are ports.
      for (let steps = this.capacity; steps > 0 && this.takeOne(queue, head, handle); steps--);
    }
    return this.taken;
  }

  private priorityOf(port: number): number {
    return this.priorities.get(port) ?? EVTCHN_FIFO_PRIORITY_DEFAULT;
  }

  /** A queue that ends with a port which goes elsewhere now is empty: nothing may be hung behind it there. */
  private leaveOldQueue(port: number, queue: Queue): void {
    const last = this.lastQueues[port];
    if (last === queue) return;
    if (last?.tail === port) last.tail = NONE;
    this.lastQueues[port] = queue;
  }

  /** Takes the port at the head, which is in the word `headWord`; false when it was the last of the queue. */
  private takeOne(queue: Queue, headWord: number, handle: (port: number) => void): boolean {
    const {u32} = this.info.memory;
    const port = queue.head === NONE ? u32[headWord] : queue.head;
    queue.head = NONE;
    if (port === NONE || port >= this.capacity) return false;
    const word = this.word(port);
    const value = u32[word];
    queue.head = value & EVTCHN_FIFO_LINK_MASK;
    u32[word] = value & ~(LINKED | EVTCHN_FIFO_LINK_MASK);
    if ((value & PENDING) !== 0 && (value & MASKED) === 0) {
      u32[word] &= ~PENDING;
      this.taken++;
      handle(port);
    }
    return queue.head !== NONE;
  }

  /** Hangs a port behind the tail; false when the kernel has taken the tail from the queue. */
  private linkTail(tail: number, port: number): boolean {
    const {u32} = this.info.memory;
    const word = this.word(tail);
    if ((u32[word] & LINKED) === 0) return false;
    u32[word] = (u32[word] & ~EVTCHN_FIFO_LINK_MASK) | port;
    return true;
  }

  private has(port: number, bit: number): boolean {
    return port < this.capacity && (this.info.memory.u32[this.word(port)] & bit) !== 0;
  }

  private word(port: number): number {
    return this.pages[port >>> 10] + (port & (PAGE_WORDS - 1));
  }
}
