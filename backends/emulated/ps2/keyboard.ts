import type {TaskQueue, Timer} from '../../../hypervisor/schedule/index.ts';
import {type Ps2Command, Ps2Device} from './ps2-device.ts';
import {breakCode, type KeyName, makeCode} from './scan-codes.ts';

const SELF_TEST_PASSED = 0xaa;
const ECHO = 0xee;
const IDENTITY = [0xab, 0x83] as const;
const SET_2 = 2;
/** Half a second, then 10.9 a second. */
const DEFAULT_TYPEMATIC = 0x2b;
const TYPEMATIC_DELAY_NS = 250e6;
const TYPEMATIC_UNIT_NS = 4.17e6;

/** Names of the three lights. */
export interface KeyboardLeds {
  readonly scrollLock: boolean;
  readonly numLock: boolean;
  readonly capsLock: boolean;
}

/** An AT keyboard, which speaks scan code set 2. */
export class Ps2Keyboard extends Ps2Device {
  protected override readonly commands: Readonly<Record<number, Ps2Command>> = {
    0xed: {maxParameter: 0x07, run: (lights) => this.light(lights)},
    0xee: {isBare: true, run: () => [ECHO]},
    0xf0: {maxParameter: 0, run: () => [SET_2]},
    0xf2: {run: () => IDENTITY},
    0xf3: {maxParameter: 0x7f, run: (typematic) => void (this.typematic = typematic)},
    0xf4: {run: () => this.scan(true)},
    0xf5: {run: () => this.setDefaults(false)},
    0xf6: {run: () => this.setDefaults(true)},
    0xfe: {isBare: true, run: () => this.repeatLast()},
    0xff: {run: () => this.restart()},
  };
  private readonly schedule: TaskQueue;
  private lights = 0;
  private typematic = DEFAULT_TYPEMATIC;
  private isScanning = true;
  private repeating: {key: KeyName; timer: Timer} | undefined;

  constructor(schedule: TaskQueue, onData: () => void) {
    super(onData);
    this.schedule = schedule;
  }

  get leds(): KeyboardLeds {
    const isOn = (bit: number): boolean => (this.lights & bit) !== 0;
    return {scrollLock: isOn(1), numLock: isOn(2), capsLock: isOn(4)};
  }

  /** A key goes down, and repeats until it or another is touched. False: nobody scans, or the queue is full. */
  press(key: KeyName): boolean {
    this.stopRepeating();
    if (key !== 'Pause') this.repeatAfter(key, ((this.typematic >>> 5) + 1) * TYPEMATIC_DELAY_NS);
    return this.send(makeCode(key));
  }

  release(key: KeyName): boolean {
    if (this.repeating?.key === key) this.stopRepeating();
    return this.send(breakCode(key));
  }

  override reset(): void {
    this.clear();
    this.lights = 0;
    this.setDefaults(true);
  }

  /** "keyboard leds=2 scanning" */
  override toString(): string {
    return `keyboard leds=${this.lights}${this.isScanning ? ' scanning' : ''}`;
  }

  private send(bytes: readonly number[]): boolean {
    if (!this.isScanning) return false;
    const taken = this.queue(bytes);
    if (!taken) this.lostBytes += bytes.length;
    return taken;
  }

  private repeatAfter(key: KeyName, delayNs: number): void {
    const timer = this.schedule.after(delayNs, () => {
      this.send(makeCode(key));
      const rate = this.typematic & 0x1f;
      this.repeatAfter(key, (8 + (rate & 7)) * 2 ** (rate >>> 3) * TYPEMATIC_UNIT_NS);
    });
    this.repeating = {key, timer};
  }

  private stopRepeating(): void {
    this.repeating?.timer.cancel();
    this.repeating = undefined;
  }

  private light(lights: number): void {
    this.lights = lights;
  }

  private scan(on: boolean): void {
    this.forgetEvents();
    this.isScanning = on;
  }

  private setDefaults(isScanning: boolean): void {
    this.stopRepeating();
    this.typematic = DEFAULT_TYPEMATIC;
    this.scan(isScanning);
  }

  private restart(): readonly number[] {
    this.reset();
    return [SELF_TEST_PASSED];
  }
}
