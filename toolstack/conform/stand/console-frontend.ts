import type {ConsolePage} from '../peers/console-page.ts';
import type {RingSpy} from '../seam/ring-spy.ts';
import {DriverConsole} from './driver-console.ts';
import type {GuestConsole} from './guest-console.ts';
import {Stand, type StandOptions} from './stand.ts';

/** A guest's console driver under test; the check is dom0's end. */
export class ConsoleFrontendStand extends Stand {
  private readonly guest: GuestConsole & Partial<Pick<DriverConsole, 'spy' | 'findsWithout'>>;

  private constructor(rig: Stand['rig'], guest: ConsoleFrontendStand['guest'], options: StandOptions) {
    super(rig, options);
    this.guest = guest;
  }

  static async open(options: StandOptions): Promise<ConsoleFrontendStand> {
    const {kernel} = options.iut;
    if (kernel !== undefined) {
      const {KernelConsole} = await import('../linux/kernel-console.ts');
      const guest = await KernelConsole.open(kernel, options);
      return new ConsoleFrontendStand(guest.rig, guest, options);
    }
    const guest = await DriverConsole.open(options);
    return new ConsoleFrontendStand(guest.rig, guest, options);
  }

  /** As the guest has it at that moment. */
  get page(): ConsolePage {
    return this.guest.page;
  }

  /** What the driver does on the page. */
  get spy(): RingSpy {
    return this.guest.spy ?? this.inconclusive('a kernel is seen from outside only');
  }

  /** Whether the driver finds a console though an HVM parameter is 0. */
  findsConsole(without: number): boolean {
    return (
      this.guest.findsWithout?.(without) ?? this.inconclusive('a kernel has looked for its console when it booted')
    );
  }

  /** The guest says the bytes; on the page is what of them goes there. */
  async say(bytes: Uint8Array): Promise<void> {
    await this.guest.say(bytes);
    await this.settle();
  }

  /** Programs of the guest take what is typed from here on. */
  listen(): Promise<void> {
    return this.guest.listen();
  }

  /** What they have got. */
  heard(): Promise<number[]> {
    return this.guest.heard();
  }

  /** Types the bytes, which programs of the guest have been listening for; what they get. */
  async hears(bytes: Uint8Array): Promise<number[]> {
    await this.listen();
    this.page.type(bytes);
    this.page.kick();
    await this.settle();
    return this.heard();
  }

  dump(): string[] {
    return [String(this.page), ...this.guest.lastLines];
  }
}
