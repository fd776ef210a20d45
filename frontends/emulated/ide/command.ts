import type {ChannelMemory} from './channel-memory.ts';
import type {ChannelPorts} from './channel-ports.ts';
import * as r from './registers.ts';
import type {AtaRequest, AtaResult, Protocol} from './request.ts';

const FAILED = r.STATUS_ERR | r.STATUS_DF;

/** What an interrupt means for a command: it has ended; it goes on; or the interrupt is somebody else's. */
export type Progress = AtaResult | 'goes on' | 'not ours';

/** A command that its drive does: what is written to the registers, and what interrupts do, by its protocol. */
export class Command {
  readonly request: AtaRequest;
  readonly ports: ChannelPorts;
  readonly memory: ChannelMemory;
  /** One instruction a word. */
  private readonly singleWords: boolean;
  private movedBytes = 0;

  constructor(request: AtaRequest, ports: ChannelPorts, memory: ChannelMemory, singleWords: boolean) {
    this.request = request;
    this.ports = ports;
    this.memory = memory;
    this.singleWords = singleWords;
  }

  /** Writes all that the drive has to know. */
  issue(): void {
    const {request, ports} = this;
    protocols[request.protocol].before?.(this);
    ports.writeCommand(request);
    protocols[request.protocol].after?.(this);
  }

  /** It waits for the drive to take a block, or a packet, without an interrupt. */
  get sendsFirst(): boolean {
    return protocols[this.request.protocol].first !== undefined;
  }

  /** The drive takes it. */
  sendFirst(): void {
    protocols[this.request.protocol].first?.(this);
  }

  onInterrupt(): Progress {
    return protocols[this.request.protocol].interrupt(this);
  }

  get totalBytes(): number {
    return this.request.data?.length ?? 0;
  }

  get leftBytes(): number {
    return this.totalBytes - this.movedBytes;
  }

  /** The next block, which may be shorter than the others. */
  get nextBytes(): number {
    return Math.min(this.request.blockBytes ?? r.SECTOR_BYTES, this.leftBytes);
  }

  /** Reads the next `bytes` by PIO. */
  readBlock(bytes: number): void {
    this.memory.forEach(this.movedBytes, bytes, (address, _at, length) => {
      this.ports.readWords(address, length, this.memory.words, this.singleWords);
    });
    this.movedBytes += bytes;
  }

  writeBlock(bytes: number): void {
    this.memory.forEach(this.movedBytes, bytes, (address, _at, length) => {
      this.ports.writeWords(address, length, this.memory.words, this.singleWords);
    });
    this.movedBytes += bytes;
  }

  /** Sends the packet from the beginning of the memory, where no data are yet. */
  sendPacket(packet: Uint8Array): void {
    this.memory.fill(packet);
    this.memory.forEach(0, packet.length, (address, _at, length) => {
      this.ports.writeWords(address, length, this.memory.words, this.singleWords);
    });
  }

  /** The result that Status tells. */
  result(status: number, bytes = this.movedBytes): AtaResult {
    if ((status & FAILED) === 0) return {status: 'done', error: 0, bytes};
    return {status: 'failed', error: this.ports.read(r.ERROR), bytes};
  }
}

interface ProtocolSteps {
  /** What is set up before the command is written. */
  readonly before?: (command: Command) => void;
  /** What follows right behind it. */
  readonly after?: (command: Command) => void;
  /** What the drive asks for without an interrupt. */
  readonly first?: (command: Command) => void;
  readonly interrupt: (command: Command) => Progress;
}

/** A drive without DRQ has ended the command; with it, it wants a block moved. */
const byStatus =
  (moveBlock: (command: Command) => Progress) =>
  (command: Command): Progress => {
    const status = command.ports.read(r.STATUS);
    if ((status & r.STATUS_BSY) !== 0) return 'not ours';
    return (status & r.STATUS_DRQ) === 0 ? command.result(status) : moveBlock(command);
  };

const noData: ProtocolSteps = {interrupt: byStatus(() => ({status: 'failed', error: 0, bytes: 0}))};

const pioIn: ProtocolSteps = {
  interrupt: byStatus((command) => {
    command.readBlock(command.nextBytes);
    return command.leftBytes === 0 ? command.result(command.ports.alternateStatus) : 'goes on';
  }),
};

const pioOut: ProtocolSteps = {
  first: (command) => command.writeBlock(command.nextBytes),
  interrupt: byStatus((command) => {
    command.writeBlock(command.nextBytes);
    return 'goes on';
  }),
};

/** The order in which libata sets the bus master up, starts it, and looks at its interrupt. */
const dma = (direction: number): ProtocolSteps => ({
  before: ({ports, memory, totalBytes}) => {
    ports.busMasterTable = memory.describe(totalBytes);
    ports.clearBusMaster();
    ports.writeBusMaster(direction);
  },
  after: ({ports}) => ports.writeBusMaster(direction | r.BM_START),
  interrupt: (command) => {
    const {ports} = command;
    const busMasterStatus = ports.busMasterStatus;
    if ((busMasterStatus & r.BM_INTERRUPT) === 0) return 'not ours';
    ports.writeBusMaster(direction);
    const status = ports.read(r.STATUS);
    ports.clearBusMaster();
    if ((busMasterStatus & r.BM_ERROR) !== 0) return {status: 'failed', error: 0, bytes: 0};
    return command.result(status, command.totalBytes);
  },
});

const dmaIn = dma(r.BM_WRITE);

const sendPacket = (command: Command): void => {
  const {packet} = command.request;
  if (packet !== undefined) command.sendPacket(packet);
};

/** The drive says with each interrupt how many bytes it sends; what finds no room is read and lost. */
const readBurst = (command: Command): Progress => {
  const {ports} = command;
  const offered = ports.read(r.LBA_MID) | (ports.read(r.LBA_HIGH) << 8);
  const taken = Math.min(offered, command.leftBytes);
  if (taken > 0) command.readBlock(taken);
  for (let lost = taken + (taken & 1); lost < offered; lost += 2) ports.readWord();
  return 'goes on';
};

const packetPioIn: ProtocolSteps = {first: sendPacket, interrupt: byStatus(readBurst)};

const packetDmaIn: ProtocolSteps = {
  before: dmaIn.before,
  first: (command) => {
    sendPacket(command);
    dmaIn.after?.(command);
  },
  interrupt: dmaIn.interrupt,
};

const protocols: Readonly<Record<Protocol, ProtocolSteps>> = {
  'no-data': noData,
  'pio-in': pioIn,
  'pio-out': pioOut,
  'dma-in': dmaIn,
  'dma-out': dma(0),
  'packet-pio-in': packetPioIn,
  'packet-dma-in': packetDmaIn,
};
