import {DomainMemory, PAGE_SIZE} from '../../memory/index.ts';
import {NS_PER_MS} from '../../schedule/index.ts';
import * as state from './core-state.ts';
import {JitLinker} from './jit.ts';
import {HOOK_CPUID, HOOK_EOI} from './patch.ts';
import {loadContext, saveContext, type SavedParts} from './snapshot.ts';

/** What the engine asks of the machine around it. */
export interface CoreHost {
  /** Milliseconds, monotonic; the time stamp counter runs at 10^6 a millisecond. */
  microtick(): number;
  randomU32(): number;
  /** Looks whether a timer is due: about every 20,000 instructions, and when the CPU halts. It is what `microtick` said. */
  checkTimer(nowNs: number): void;
  /** True when the instruction has been done, false to let the core do it. */
  hook(hook: number): boolean;
  /** All ones for a port that nobody has. */
  readPort(port: number, bytes: number): number;
  writePort(port: number, value: number, bytes: number): void;
  /** An access to a physical address at which there is no memory; `bytes` is 1, 2 or 4. */
  readMemory(address: number, bytes: number): number;
  writeMemory(address: number, value: number, bytes: number): void;
}

/** How a kernel is entered: the register with the address of what it is told, and selectors. */
export interface BootProtocol {
  readonly register: number;
  readonly cs: number;
  readonly ds: number;
}

/** Leaves the selectors open. @see xen/arch-x86/hvm/start_info.h */
export const PVH_PROTOCOL: BootProtocol = {register: state.EBX, cs: 0x08, ds: 0x10};
/** @see Linux, Documentation/arch/x86/boot.rst, "32-bit Boot Protocol" */
export const LINUX_PROTOCOL: BootProtocol = {register: state.ESI, cs: 0x10, ds: 0x18};

/** The functions of the core that are used. */
interface CoreExports {
  memory: WebAssembly.Memory;
  rust_init(): void;
  allocate_memory(sizeBytes: number): number;
  reset_cpu(): void;
  update_state_flags(): void;
  full_clear_tlb(): void;
  main_loop(): number;
  handle_irqs(): void;
  device_raise_irq(irq: number): void;
  device_lower_irq(irq: number): void;
  get_apic_addr(): number;
  get_ioapic_addr(): number;
  read_tsc(): bigint;
  set_tsc(low: number, high: number): void;
  get_eflags(): number;
  set_control_word(word: number): void;
  jit_dirty_cache(start: number, end: number): void;
  readonly codegen_finalize_finished: (index: number, start: number, stateFlags: number) => void;
}

/** The core allocates guest memory in blocks of this size. */
const BLOCK_PAGES = 32;
const ALL_ONES: Readonly<Record<number, number>> = {1: 0xff, 2: 0xffff, 4: -1};

/** A register as it is printed: 8 digits. */
export const hex32 = (value: number): string => (value >>> 0).toString(16).padStart(8, '0');

/**
 * One instance of v86's core: a 32-bit CPU with a local APIC and its memory, and nothing around it. Its memory moves
 * when the core allocates, which happens inside `run` only: views are refreshed at every way in.
 */
export class X86Core {
  /** The guest's physical memory, from address 0. */
  readonly memory: DomainMemory;
  private readonly exports: CoreExports;
  private readonly jit = new JitLinker();
  private readonly ramOffset: number;
  private host: CoreHost | undefined;
  private buffer!: ArrayBuffer;
  private u8!: Uint8Array;
  private u32!: Uint32Array;
  /** eax, ecx, edx, ebx, esp, ebp, esi, edi; see core-state.ts. */
  registers!: Int32Array;

  /** `module` is the patched core, compiled; `pages` may be rounded up. */
  constructor(module: WebAssembly.Module, pages: number) {
    const instance = new WebAssembly.Instance(module, {env: this.imports()});
    this.exports = instance.exports as unknown as CoreExports;
    const backedPages = Math.ceil(pages / BLOCK_PAGES) * BLOCK_PAGES;
    this.exports.rust_init();
    this.ramOffset = this.exports.allocate_memory(backedPages * PAGE_SIZE) >>> 0;
    this.memory = new DomainMemory(backedPages, this.exports.memory.buffer, this.ramOffset);
    this.memory.onForeignWrite = (address, bytes) => this.invalidateCode(address, bytes);
    this.refresh();
    this.u32[state.MEMORY_SIZE >>> 2] = backedPages * PAGE_SIZE;
    this.u8[state.ACPI_ENABLED] = 1;
  }

  /** Connects the machine around the core, and resets the core. */
  connect(host: CoreHost): void {
    this.host = host;
    this.exports.reset_cpu();
    this.refresh();
  }

  /** Instructions retired, modulo 2^32. */
  get instructions(): number {
    return this.u32[state.INSTRUCTION_COUNTER >>> 2];
  }

  get halted(): boolean {
    return this.u8[state.IN_HLT] !== 0;
  }

  get interruptsEnabled(): boolean {
    return (this.u32[state.FLAGS >>> 2] & state.FLAG_INTERRUPT) !== 0;
  }

  /** The direction flag: strings are worked on downwards. */
  get stringsGoDown(): boolean {
    return (this.u32[state.FLAGS >>> 2] & state.FLAG_DIRECTION) !== 0;
  }

  /** 32-bit code in a flat address space. */
  get isFlat(): boolean {
    const offsets = state.SEGMENT_OFFSETS >>> 2;
    const isBased = [state.ES, state.CS, state.DS].some((segment) => this.u32[offsets + segment] !== 0);
    return this.u8[state.PROTECTED_MODE] !== 0 && this.u8[state.IS_32] !== 0 && !isBased;
  }

  get privilegeLevel(): number {
    return this.u8[state.CPL];
  }

  /** Linear address of the instruction that a hook is about. */
  get currentInstruction(): number {
    return this.u32[state.PREVIOUS_IP >>> 2];
  }

  get instructionPointer(): number {
    return this.u32[state.INSTRUCTION_POINTER >>> 2];
  }

  controlRegister(index: number): number {
    return this.u32[(state.CONTROL_REGISTERS >>> 2) + index];
  }

  /** Time stamp counter, which is Xen's nanoseconds at 1 GHz. */
  readTsc(): number {
    return Number(this.exports.read_tsc());
  }

  /** Runs for about a millisecond of its time, or until the CPU halts. Throws when the core gives up. */
  run(): void {
    try {
      this.exports.main_loop();
      this.jit.install(this.exports.codegen_finalize_finished);
    } finally {
      this.refresh();
    }
  }

  /** The instruction that a hook is about is executed again. */
  repeatInstruction(): void {
    this.u32[state.INSTRUCTION_POINTER >>> 2] = this.currentInstruction;
  }

  /** Ends `run` at the next instruction. */
  halt(): void {
    this.u8[state.IN_HLT] = 1;
  }

  /** Undoes `halt`. */
  wake(): void {
    this.u8[state.IN_HLT] = 0;
  }

  /** Requests an interrupt of the local APIC. It is taken when the CPU has interrupts enabled. */
  requestInterrupt(vector: number): void {
    const irr = (this.exports.get_apic_addr() >>> 0) + state.APIC_IRR;
    this.u32[(irr >>> 2) + (vector >>> 5)] |= 1 << (vector & 31);
    this.exports.handle_irqs();
  }

  /** The same for an interrupt that the guest does not acknowledge: the last one is over when the next one comes. */
  requestUnacknowledged(vector: number): void {
    const isr = (this.exports.get_apic_addr() >>> 0) + state.APIC_ISR;
    this.u32[(isr >>> 2) + (vector >>> 5)] &= ~(1 << (vector & 31));
    this.requestInterrupt(vector);
  }

  /** The level of an input of the PICs and of the I/O APIC. The CPU takes the interrupt at the next `takeInterrupts`. */
  setInterruptLine(irq: number, level: boolean): void {
    const {exports, u32} = this;
    const at = state.FLAGS >>> 2;
    const flags = u32[at];
    // The core would take it at once, which compiled code that is in the middle of an access does not expect.
    u32[at] = flags & ~state.FLAG_INTERRUPT;
    if (level) exports.device_raise_irq(irq);
    else exports.device_lower_irq(irq);
    u32[at] = flags;
  }

  /** Vector of the interrupt that the CPU works on, the highest; 0 for none. */
  get vectorInService(): number {
    const isr = (this.exports.get_apic_addr() + state.APIC_ISR) >>> 2;
    for (let word = state.APIC_VECTORS / 32 - 1; word >= 0; word--) {
      const bits = this.u32[isr + word];
      if (bits !== 0) return word * 32 + 31 - Math.clz32(bits);
    }
    return 0;
  }

  /** The input of the I/O APIC that interrupts by a vector, or -1. */
  interruptLineOf(vector: number): number {
    const entries = this.exports.get_ioapic_addr() >>> 2;
    for (let pin = 0; pin < state.IO_APIC_PINS; pin++) if ((this.u32[entries + pin] & 0xff) === vector) return pin;
    return -1;
  }

  /** Has the CPU take what waits, out of a halt too. Not while it runs. */
  takeInterrupts(): void {
    this.exports.handle_irqs();
  }

  /** Physical pages were written from outside: compiled code of theirs is stale. */
  invalidateCode(address: number, bytes: number): void {
    this.exports.jit_dirty_cache(address, address + bytes);
  }

  /** 32-bit protected mode without paging, flat segments, interrupts off. `address` is what the protocol hands over. */
  enterProtectedMode(entry: number, address: number, protocol: BootProtocol): void {
    const {u8, u32} = this;
    u32[state.CONTROL_REGISTERS >>> 2] = state.CR0_PE | state.CR0_ET;
    u8[state.PROTECTED_MODE] = u8[state.IS_32] = u8[state.STACK_SIZE_32] = 1;
    const selectors = new Uint16Array(this.buffer, state.SEGMENT_SELECTORS, state.SEGMENTS);
    for (let segment = 0; segment < state.SEGMENTS; segment++) {
      const isCode = segment === state.CS;
      u32[(state.SEGMENT_OFFSETS >>> 2) + segment] = 0;
      u32[(state.SEGMENT_LIMITS >>> 2) + segment] = 0xffffffff;
      selectors[segment] = isCode ? protocol.cs : protocol.ds;
      u8[state.SEGMENT_ACCESS + segment] = isCode ? ACCESS_CODE : ACCESS_DATA;
    }
    this.registers.fill(0);
    this.registers[protocol.register] = address;
    u32[state.INSTRUCTION_POINTER >>> 2] = entry;
    this.exports.update_state_flags();
    this.exports.full_clear_tlb();
  }

  /** The CPU as an HVM context. @see snapshot.ts */
  saveContext(): Uint8Array {
    const {exports} = this;
    return saveContext({
      ...this.savedViews(),
      flags: exports.get_eflags(),
      tsc: BigInt.asUintN(64, exports.read_tsc()),
    });
  }

  /** Sets the CPU to a context without fault, and out of a halt. The memory is that of the context by now. */
  loadContext(context: Uint8Array): void {
    const {exports} = this;
    const views = this.savedViews();
    const tsc = loadContext(context, views);
    exports.set_tsc(Number(BigInt.asUintN(32, tsc)), Number(tsc >> 32n));
    // The engine keeps the rounding mode elsewhere, too.
    exports.set_control_word(views.cpu.getUint16(state.FPU_CONTROL_WORD, true));
    this.loadPageDirectoryPointers();
    exports.update_state_flags();
    exports.full_clear_tlb();
  }

  /** Where the CPU stands, in a line. */
  toString(): string {
    const names = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
    const general = names.map((name, i) => `${name}=${hex32(this.registers[i])}`).join(' ');
    const control = [0, 2, 3, 4].map((n) => `cr${n}=${hex32(this.controlRegister(n))}`).join(' ');
    return `eip=${hex32(this.instructionPointer)} ${general} ${control}`;
  }

  private savedViews(): Pick<SavedParts, 'cpu' | 'apic'> {
    return {
      cpu: new DataView(this.buffer, 0, PAGE_SIZE),
      apic: new DataView(this.buffer, this.exports.get_apic_addr() >>> 0, state.APIC_BYTES),
    };
  }

  /** As a write to CR3 does. */
  private loadPageDirectoryPointers(): void {
    const isPae = (this.controlRegister(0) & state.CR0_PG) !== 0 && (this.controlRegister(4) & state.CR4_PAE) !== 0;
    const from = (this.controlRegister(3) & ~31) >>> 2;
    for (let word = 0; word < PDPTE_WORDS; word++) {
      const entry = isPae ? (this.memory.u32[from + word] ?? 0) : 0;
      this.u32[(state.PDPTE >>> 2) + word] = word % 2 === 0 ? entry & ~PDPTE_IGNORED : entry;
    }
  }

  private refresh(): void {
    const {buffer} = this.exports.memory;
    if (buffer === this.buffer) return;
    this.buffer = buffer;
    this.u8 = new Uint8Array(buffer, 0, PAGE_SIZE);
    this.u32 = new Uint32Array(buffer);
    this.registers = new Int32Array(buffer, state.REG32, 8);
    this.memory.rebind(buffer, this.ramOffset);
  }

  private imports(): Record<string, unknown> {
    const ignore = (): void => undefined;
    const read = (bytes: number) => (port: number) => this.readPort(port, bytes);
    const write = (bytes: number) => (port: number, value: number) => {
      this.refresh();
      this.host?.writePort(port, value >>> 0, bytes);
    };
    const writeMemory = (bytes: number) => (address: number, value: number) => {
      this.refresh();
      this.host?.writeMemory(address >>> 0, value >>> 0, bytes);
    };
    const write32 = writeMemory(4);
    const writeWords = (address: number, ...words: number[]): void => {
      for (const [i, word] of words.entries()) write32(address + i * 4, word);
    };
    return {
      __indirect_function_table: this.jit.table,
      microtick: () => {
        this.refresh();
        return this.host?.microtick() ?? 0;
      },
      get_rand_int: () => this.host?.randomU32() ?? 0,
      mmap_read8: (address: number) => this.readMemory(address, 1),
      mmap_read32: (address: number) => this.readMemory(address, 4),
      mmap_write8: writeMemory(1),
      mmap_write16: writeMemory(2),
      mmap_write32: write32,
      mmap_write64: writeWords,
      mmap_write128: writeWords,
      io_port_read8: read(1),
      io_port_read16: read(2),
      io_port_read32: read(4),
      io_port_write8: write(1),
      io_port_write16: write(2),
      io_port_write32: write(4),
      stop_idling: ignore,
      cpu_event_halt: ignore,
      run_hardware_timers: (_isAcpiEnabled: number, nowMs: number) => {
        this.refresh();
        this.host?.checkTimer(nowMs * NS_PER_MS);
        return 0;
      },
      console_log_from_wasm: ignore,
      jit_clear_func: (index: number) => this.jit.forget(index),
      codegen_finalize: (index: number, start: number, stateFlags: number, code: number, bytes: number) =>
        this.jit.compile(
          this.exports as unknown as Record<string, unknown>,
          index,
          start,
          stateFlags,
          new Uint8Array(this.exports.memory.buffer, code >>> 0, bytes >>> 0),
        ),
    };
  }

  /** Numbers above those of ports are hooks, and above those addresses that are read 16 bits wide. @see patch.ts */
  private readPort(port: number, bytes: number): number {
    this.refresh();
    const number = port >>> 0;
    if (number < HOOK_CPUID) return this.host?.readPort(number, bytes) ?? ALL_ONES[bytes];
    if (number > HOOK_EOI) return this.readMemory(port, 2);
    return this.host?.hook(number) === true ? 1 : 0;
  }

  private readMemory(address: number, bytes: number): number {
    this.refresh();
    return this.host?.readMemory(address >>> 0, bytes) ?? ALL_ONES[bytes];
  }
}

/** Four entries of 64 bits. */
const PDPTE_WORDS = 8;
/** Bits for the kernel's own use. */
const PDPTE_IGNORED = 0xe00;

/** Present, code or data, readable and writable. */
const ACCESS_CODE = 0x9a;
const ACCESS_DATA = 0x92;
