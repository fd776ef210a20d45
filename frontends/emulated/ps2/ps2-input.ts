import {type Observable, Subject} from 'rxjs';
import type {NativeMachine} from '../machine.ts';
import * as c from './controller.ts';
import {KeyDecoder, type KeyEvent} from './key-decoder.ts';
import {MouseDecoder, type PointerEvent} from './mouse-decoder.ts';

const KEYBOARD_IRQ = 1;
const MOUSE_IRQ = 12;

const SELF_TEST_PASSED = 0x55;
const INTERFACE_WORKS = 0x00;
/** Bits of the command byte: interrupts, and translation to set 1. */
const CONTROL_SYSTEM = 0x04;
const CONTROL_KEYBOARD_INTERRUPT = 0x01;
const CONTROL_MOUSE_INTERRUPT = 0x02;
const CONTROL_KEYBOARD_OFF = 0x10;
const CONTROL_MOUSE_OFF = 0x20;
const CONTROL_TRANSLATE = 0x40;

const SET_LEDS = 0xed;
const IDENTIFY = 0xf2;
const SET_SAMPLE_RATE = 0xf3;
const ENABLE = 0xf4;
const RESET = 0xff;
const DEVICE_WORKS = 0xaa;
const KEYBOARD_IDENTITY = 0xab;
const INTELLIMOUSE = 0x03;

/** A PC's keyboard and mouse, where they are there. */
export class Ps2Input {
  readonly hasKeyboard: boolean;
  readonly hasMouse: boolean;
  /** The mouse tells of its wheel. */
  readonly hasWheel: boolean;
  private readonly controller: c.Ps2Controller;
  private readonly keyDecoder = new KeyDecoder();
  private readonly mouseDecoder: MouseDecoder;
  private readonly pressed = new Subject<KeyEvent>();
  private readonly pointed = new Subject<PointerEvent>();
  private readonly freeIrqs: readonly (() => void)[];

  private constructor(machine: NativeMachine, controller: c.Ps2Controller) {
    this.controller = controller;
    this.hasKeyboard = controller.ask(c.TEST_KEYBOARD_INTERFACE) === INTERFACE_WORKS && this.startKeyboard();
    this.hasMouse = controller.ask(c.TEST_MOUSE_INTERFACE) === INTERFACE_WORKS && this.startMouse();
    this.hasWheel = this.hasMouse && this.knock();
    this.mouseDecoder = new MouseDecoder(this.hasWheel);
    const handler = (): boolean => this.interrupt();
    this.freeIrqs = [KEYBOARD_IRQ, MOUSE_IRQ].map((irq) => machine.interrupts.request(irq, handler));
    if (this.hasMouse) controller.tell('mouse', ENABLE);
    this.setControl(
      (this.hasKeyboard ? CONTROL_KEYBOARD_INTERRUPT : CONTROL_KEYBOARD_OFF) |
        (this.hasMouse ? CONTROL_MOUSE_INTERRUPT : CONTROL_MOUSE_OFF),
    );
  }

  /** Undefined: there is no keyboard controller. */
  static probe(machine: NativeMachine): Ps2Input | undefined {
    const controller = new c.Ps2Controller(machine.io);
    if (!controller.isThere) return undefined;
    controller.command(c.KEYBOARD_OFF);
    controller.command(c.MOUSE_OFF);
    controller.flush();
    if (controller.ask(c.SELF_TEST) !== SELF_TEST_PASSED) return undefined;
    controller.command(c.WRITE_CONTROL, CONTROL_SYSTEM | CONTROL_TRANSLATE | CONTROL_KEYBOARD_OFF | CONTROL_MOUSE_OFF);
    return new Ps2Input(machine, controller);
  }

  get keys(): Observable<KeyEvent> {
    return this.pressed.asObservable();
  }

  get pointer(): Observable<PointerEvent> {
    return this.pointed.asObservable();
  }

  setLeds({scrollLock = false, numLock = false, capsLock = false}): void {
    this.controller.send(SET_LEDS);
    this.controller.send((scrollLock ? 1 : 0) | (numLock ? 2 : 0) | (capsLock ? 4 : 0));
  }

  close(): void {
    this.setControl(CONTROL_KEYBOARD_OFF | CONTROL_MOUSE_OFF);
    for (const free of this.freeIrqs) free();
    this.pressed.complete();
    this.pointed.complete();
  }

  /** "keyboard, mouse with a wheel" */
  toString(): string {
    const mouse = this.hasWheel ? 'mouse with a wheel' : 'mouse';
    return [this.hasKeyboard ? 'keyboard' : undefined, this.hasMouse ? mouse : undefined]
      .filter((name) => name !== undefined)
      .join(', ');
  }

  private startKeyboard(): boolean {
    const {controller} = this;
    if (!controller.tell('keyboard', RESET) || controller.receive() !== DEVICE_WORKS) return false;
    if (!controller.tell('keyboard', IDENTIFY) || controller.receive() !== KEYBOARD_IDENTITY) return false;
    controller.receive();
    return controller.tell('keyboard', ENABLE);
  }

  private startMouse(): boolean {
    const {controller} = this;
    if (!controller.tell('mouse', RESET) || controller.receive() !== DEVICE_WORKS) return false;
    return controller.receive() !== undefined;
  }

  /** The sample rates that turn on a wheel. */
  private knock(): boolean {
    const {controller} = this;
    for (const rate of [200, 100, 80]) controller.tell('mouse', SET_SAMPLE_RATE, rate);
    const isKnown = controller.tell('mouse', IDENTIFY) && controller.receive() === INTELLIMOUSE;
    controller.tell('mouse', SET_SAMPLE_RATE, 100);
    return isKnown;
  }

  private setControl(bits: number): void {
    this.controller.command(c.WRITE_CONTROL, CONTROL_SYSTEM | CONTROL_TRANSLATE | bits);
  }

  /** Each byte brings its own interrupt. */
  private interrupt(): boolean {
    const taken = this.controller.take();
    if (taken === undefined) return false;
    if (taken.source === 'keyboard') {
      const key = this.keyDecoder.push(taken.byte);
      if (key !== undefined) this.pressed.next(key);
    } else {
      const event = this.mouseDecoder.push(taken.byte);
      if (event !== undefined) this.pointed.next(event);
    }
    return true;
  }
}
