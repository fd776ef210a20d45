import type {Storage} from '../../../storage/index.ts';
import {be24, be32, be64, put24, put32, put64} from '../bytes.ts';
import {isSoftwareProtected} from '../common/control-page.ts';
import type {UnitIdentity} from '../common/identity.ts';
import type {ModePages} from '../common/mode-pages.ts';
import {fail, type Failure, invalidParameter} from '../outcome.ts';
import {
  INITIALIZING_COMMAND_REQUIRED,
  MEDIUM_MAY_HAVE_CHANGED,
  SOFTWARE_WRITE_PROTECTED,
  WRITE_PROTECTED,
} from '../sense-codes.ts';
import {parameterListLengthError} from '../task.ts';
import {LogicalUnit} from '../unit.ts';
import {noMedium} from './no-medium.ts';

/** A unit whose medium is a row of blocks on a storage: disks and CDs. */
export abstract class BlockUnit extends LogicalUnit {
  readonly blockBytes: number;
  /** Only looked at while the unit is ready. */
  storage: Storage = noMedium;
  /** Of a removable unit: its medium is out of reach. */
  isTrayOpen = false;
  /** Of a fixed disk: not started. */
  isStopped = false;

  constructor(identity: UnitIdentity, modes: ModePages, blockBytes: number) {
    super(identity, modes);
    this.blockBytes = blockBytes;
  }

  /** Why there is nothing to read from. */
  protected abstract get noMediumFailure(): Failure;

  get blocks(): number {
    return Math.floor(this.storage.sizeBytes / this.blockBytes);
  }

  override get notReady(): Failure | undefined {
    if (this.isTrayOpen || this.storage === noMedium) return this.noMediumFailure;
    return this.isStopped ? fail(INITIALIZING_COMMAND_REQUIRED) : undefined;
  }

  /** Why the medium cannot be written; asked only while the unit is ready. */
  get writeFault(): Failure | undefined {
    if (this.storage.readonly) return fail(WRITE_PROTECTED);
    return isSoftwareProtected(this.modes) ? fail(SOFTWARE_WRITE_PROTECTED) : undefined;
  }

  override get deviceSpecificParameter(): number {
    const isProtected = this.storage.readonly || isSoftwareProtected(this.modes);
    return (isProtected ? 0x80 : 0) | 0x10; // DPOFUA
  }

  /** @see SBC-3, "Short LBA mode parameter block descriptor" and "Long LBA ..." */
  override blockDescriptor(long: boolean): Uint8Array {
    const bytes = new Uint8Array(long ? 16 : 8);
    if (long) {
      put64(bytes, 0, this.blocks);
      put32(bytes, 12, this.blockBytes);
    } else {
      put32(bytes, 0, Math.min(this.blocks, 0xffff_ffff));
      put24(bytes, 5, this.blockBytes);
    }
    return bytes;
  }

  /** Neither size can be changed: they have to be what they are, or zero blocks. */
  override selectBlockDescriptor(descriptor: Uint8Array): Failure | undefined {
    if (descriptor.length === 0) return undefined;
    if (descriptor.length !== 8 && descriptor.length !== 16) return parameterListLengthError;
    const isLong = descriptor.length === 16;
    const blocks = isLong ? be64(descriptor, 0) : be32(descriptor, 0);
    const blockBytes = isLong ? be32(descriptor, 12) : be24(descriptor, 5);
    const own = this.blockDescriptor(isLong);
    const isOwn = blocks === 0 || blocks === (isLong ? be64(own, 0) : be32(own, 0));
    if (!isOwn) return invalidParameter(isLong ? 8 : 4);
    return blockBytes === this.blockBytes ? undefined : invalidParameter(isLong ? 20 : 9);
  }

  /** Closes the tray; initiators, but the one that did it, are told of the medium. */
  load(by: string): void {
    if (!this.isTrayOpen) return;
    this.isTrayOpen = false;
    if (this.storage !== noMedium) this.attentions.raise(MEDIUM_MAY_HAVE_CHANGED, (name) => name !== by);
  }

  eject(): void {
    this.isTrayOpen = true;
  }

  override async close(): Promise<undefined> {
    const {storage} = this;
    this.storage = noMedium;
    await this.tasks.settled();
    storage.close();
  }
}
