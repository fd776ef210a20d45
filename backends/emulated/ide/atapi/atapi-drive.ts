import {vectorOf} from '../../../storage/index.ts';
import type {CdromUnit, DataDirection, Nexus, ScsiResult} from '../../../scsi/target/index.ts';
import {SECTOR_COUNT} from '../ata.ts';
import {type Cable, Drive} from '../drive.ts';
import type {DriveNames} from '../identify.ts';
import {TransferMode} from '../transfer-mode.ts';
import {CD, IO, receiveBursts, sendBursts} from './bursts.ts';
import {atapiCommands} from './commands.ts';
import {PACKET_BYTES} from './packet.ts';
import {performPacket} from './perform.ts';
import {senseKeyOf} from './sense.ts';

const ATAPI_SIGNATURE = 0xeb14;

/** Bits of Features with PACKET. */
const DMA = 1 << 0;
const OVERLAP = 1 << 1;

const GOOD = 0;
const LUN = 0;
const inventory = {luns: [LUN]};
const noSense = new Uint8Array(0);

/** Since the drive is there. */
export interface AtapiStats {
  commands: number;
  packets: number;
  readBytes: number;
}

/** A CD drive: packets carry SCSI commands to a logical unit. @see ATA/ATAPI-7, "PACKET Command feature set" */
export class AtapiDrive extends Drive {
  readonly unit: CdromUnit;
  readonly names: DriveNames;
  readonly transferMode = new TransferMode();
  isStandby = false;
  /** What the packet before has left to REQUEST SENSE. */
  sense: Uint8Array = noSense;
  override readonly stats: AtapiStats = {commands: 0, packets: 0, readBytes: 0};
  protected override readonly signature = ATAPI_SIGNATURE;
  protected override readonly idleStatus = 0;
  private readonly nexus: Nexus;
  private usesDma = false;
  private burstLimit = 0;

  constructor(cable: Cable, unit: CdromUnit, names: DriveNames) {
    super(cable);
    this.unit = unit;
    this.names = names;
    this.nexus = {name: `ide ${names.serial}`};
  }

  override async close(): Promise<void> {
    await this.settled();
    await this.unit.close();
  }

  /** A command that sends one block. */
  reply(bytes: Uint8Array): void {
    this.offer(bytes, () => this.endQuietly());
  }

  /** IDENTIFY DEVICE and READ SECTOR(S) fail, and show what the device is instead. */
  refuseAsDisk(): void {
    this.taskFile.setSignature(ATAPI_SIGNATURE);
    this.fail();
  }

  /** PACKET: the host sends the packet, without an interrupt. */
  acceptPacket(): void {
    const {features, byteCount} = this.taskFile;
    if ((features & OVERLAP) !== 0) return this.fail();
    this.usesDma = (features & DMA) !== 0;
    this.burstLimit = byteCount;
    this.taskFile.set(SECTOR_COUNT, CD);
    const packet = new Uint8Array(PACKET_BYTES);
    this.ask(packet, true, () => {
      this.stats.packets++;
      performPacket(this, packet);
    });
  }

  /** Sends a packet's data to the host. */
  transferIn(bytes: Uint8Array, then: () => void): void {
    if (bytes.length === 0) then();
    else if (this.usesDma) this.dma(() => this.send(bytes, then));
    else if (this.burstLimit === 0) this.fail();
    else sendBursts(this, bytes, this.burstLimit, then);
  }

  /** Gets a packet's data from the host. */
  transferOut(into: Uint8Array, then: () => void): void {
    if (this.usesDma) this.dma(() => this.receive(into, then));
    else if (this.burstLimit === 0) this.fail();
    else receiveBursts(this, into, this.burstLimit, then);
  }

  /** Has the unit do a command; `then` is not called when it fails. */
  askUnit(cdb: Uint8Array, direction: DataDirection, bytes: Uint8Array, then: (transferBytes: number) => void): void {
    const result = this.unit.execute({nexus: this.nexus, lun: LUN, cdb, direction, data: vectorOf(bytes)}, inventory);
    if (result instanceof Promise) this.wait(result, (ended) => this.onResult(ended, then));
    else this.onResult(result, then);
  }

  /** A packet has been done. */
  complete(): void {
    this.taskFile.set(SECTOR_COUNT, CD | IO);
    this.succeed();
  }

  protected override execute(opcode: number): void {
    this.stats.commands++;
    const command = atapiCommands[opcode];
    if (command === undefined) this.fail();
    else command(this);
  }

  override toString(): string {
    return `${String(this.unit)}, status ${this.status.toString(16)}`;
  }

  private onResult({status, sense, transferBytes}: ScsiResult, then: (transferBytes: number) => void): void {
    if (status === GOOD) return then(transferBytes);
    this.sense = sense;
    this.taskFile.set(SECTOR_COUNT, CD | IO);
    this.fail(senseKeyOf(sense) << 4);
  }
}
