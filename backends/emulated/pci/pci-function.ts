import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {DeviceModel, IoDevice, Release} from '../bus/index.ts';
import {type Register, RegisterFile, type RegisterHooks} from '../registers/index.ts';
import {
  barNames,
  COMMAND_IO,
  COMMAND_MASTER,
  COMMAND_MEMORY,
  configHeader,
  type HeaderName,
  type PciIdentity,
} from './config-header.ts';

const BAR_IO = 1;

/** A base address register and what lies behind it. `sizeBytes` is a power of two, 4 or more. */
export interface PciBar {
  readonly space: 'io' | 'memory';
  readonly sizeBytes: number;
  readonly device: IoDevice;
}

export interface PciFunctionOptions<Name extends string> {
  /** Names the device in ledgers and messages: "ide". */
  readonly owner: string;
  readonly identity: PciIdentity;
  /** BAR0 to BAR5; those that are not there are undefined. */
  readonly bars?: readonly (PciBar | undefined)[];
  /** 1 for INTA to 4 for INTD; 0, which is the default, for none. */
  readonly interruptPin?: number;
  /** Registers of its configuration space beyond the header. */
  readonly registers?: readonly Register<Name>[];
  readonly hooks?: RegisterHooks<Name>;
  /** The guest has written the command register; ranges of BARs have followed it already. */
  readonly onCommand?: () => void;
}

/** A function of a PCI device: its configuration space, and its ranges, which follow the base address registers. */
export class PciFunction<Name extends string = never> implements IoDevice {
  readonly owner: string;
  readonly config: RegisterFile<HeaderName | Name>;
  private readonly bars: readonly (PciBar | undefined)[];
  private readonly pin: number;
  private readonly mapped: ({base: number; release: Release} | undefined)[] = [];
  private place: {model: DeviceModel; device: number} | undefined;
  private releaseConfig: Release | undefined;

  constructor(options: PciFunctionOptions<Name>) {
    const {owner, identity, bars = [], interruptPin = 0} = options;
    this.owner = owner;
    this.bars = bars;
    this.pin = interruptPin;
    const resets = barNames.map((_, bar) => (bars[bar]?.space === 'io' ? BAR_IO : 0));
    const masks = barNames.map((_, bar) => {
      const size = bars[bar]?.sizeBytes;
      return size === undefined ? 0 : -size >>> 0;
    });
    const remap = {write: () => this.remap()};
    const header: RegisterHooks<HeaderName> = {
      COMMAND: {
        write: () => {
          this.remap();
          options.onCommand?.();
        },
      },
      ...Object.fromEntries(barNames.map((name) => [name, remap])),
    };
    this.config = new RegisterFile<HeaderName | Name>(
      [...configHeader(identity, interruptPin, resets, masks), ...(options.registers ?? [])],
      {...header, ...options.hooks} as RegisterHooks<HeaderName | Name>,
    );
  }

  /** Puts it into a slot of bus 0. Throws DeviceModelError when that is taken. */
  plug(model: DeviceModel, device: number, function_ = 0): void {
    this.place = {model, device};
    this.releaseConfig = model.claimConfig((device << 3) | function_, this, this.owner);
  }

  /** Takes it out: the guest finds nothing there any more. */
  unplug(): void {
    this.setInterrupt(false);
    for (const [bar, mapping] of this.mapped.entries()) {
      mapping?.release();
      this.mapped[bar] = undefined;
    }
    this.releaseConfig?.();
    this.place = undefined;
  }

  /** As after power on: the firmware has to place its ranges again. */
  reset(): void {
    this.setInterrupt(false);
    this.config.reset();
    this.remap();
  }

  /** The guest lets it access memory. */
  get isBusMaster(): boolean {
    return (this.config.get('COMMAND') & COMMAND_MASTER) !== 0;
  }

  /** Its interrupt pin. */
  setInterrupt(level: boolean): void {
    if (this.pin > 0) this.place?.model.setPciIntx(this.place.device, this.pin - 1, level, this.owner);
  }

  read(offset: number, size: IoSize): number {
    return this.config.read(offset, size);
  }

  write(offset: number, size: IoSize, value: number): void {
    this.config.write(offset, size, value);
  }

  /** Ranges are where the registers say, as far as the command register lets them be anywhere. */
  private remap(): void {
    const command = this.config.get('COMMAND');
    for (const [index, bar] of this.bars.entries()) {
      if (bar === undefined) continue;
      const enabled = (command & (bar.space === 'io' ? COMMAND_IO : COMMAND_MEMORY)) !== 0;
      const base = (this.config.get(barNames[index]) & -bar.sizeBytes) >>> 0;
      this.move(index, bar, enabled && base !== 0 ? base : undefined);
    }
  }

  private move(index: number, bar: PciBar, base: number | undefined): void {
    if (this.mapped[index]?.base === base) return;
    this.mapped[index]?.release();
    this.mapped[index] = undefined;
    const model = this.place?.model;
    if (base === undefined || model === undefined) return;
    const {space, sizeBytes, device} = bar;
    try {
      const release =
        space === 'io'
          ? model.claimPorts(base, sizeBytes, device, this.owner)
          : model.claimMemory(base, sizeBytes, device, this.owner);
      this.mapped[index] = {base, release};
    } catch {
      // Where another device is: what the guest has set up cannot work, and on hardware it would not either.
    }
  }
}
