import {I8042} from '../../../backends/emulated/ps2/index.ts';
import type {EmulatedRig} from '../../support/emulated-rig.ts';
import {noPeer, type Peer} from './pc.ts';
import {numbersFrom, type Session} from './session.ts';

const DATA = 0x60;
const COMMAND = 0x64;
const FULL = 0x01;
const SYSTEM = 0x04;
/** A command was written last, not data. */
const WAS_COMMAND = 0x08;
const TO_MOUSE = 0xd4;
const RANDOM_COMMANDS = 300;

export const plugPs2 = ({model}: EmulatedRig): Peer => {
  new I8042(model).plug();
  return noPeer;
};

export const drivePs2 = async (session: Session): Promise<void> => {
  const {pc} = session;
  const command = (...bytes: readonly number[]): void => {
    session.out(COMMAND, bytes[0]);
    for (const byte of bytes.slice(1)) session.out(DATA, byte);
  };
  /** Reads all that waits. */
  const drain = async (): Promise<void> => {
    await pc.wait(1);
    for (let i = 0; i < 32; i++) {
      session.lines();
      const status = pc.io.readPort(COMMAND, 1);
      session.note('status', status & ~(WAS_COMMAND | SYSTEM));
      if ((status & FULL) === 0) return;
      session.in(DATA);
    }
  };
  const ask = async (name: string, ...bytes: readonly number[]): Promise<void> => {
    session.step(name);
    command(...bytes);
    await drain();
  };
  const toKeyboard = async (name: string, ...bytes: readonly number[]): Promise<void> => {
    session.step(`keyboard, ${name}`);
    for (const byte of bytes) {
      session.out(DATA, byte);
      await drain();
    }
  };
  const toMouse = async (name: string, ...bytes: readonly number[]): Promise<void> => {
    session.step(`mouse, ${name}`);
    for (const byte of bytes) {
      command(TO_MOUSE, byte);
      await drain();
    }
  };

  session.step('reset');
  session.in(COMMAND);
  await drain();
  await ask('the command byte after reset', 0x20);
  await ask('self test', 0xaa);
  await ask('keyboard interface', 0xab);
  await ask('mouse interface', 0xa9);
  await ask('the command byte', 0x20);
  await ask('both interrupts', 0x60, 0x47);
  session.note('all of the status', pc.io.readPort(COMMAND, 1));
  await ask('the command byte, read', 0x20);
  await ask('keyboard off', 0xad);
  await ask('the command byte, keyboard off', 0x20);
  await ask('keyboard on', 0xae);
  await ask('mouse off', 0xa7);
  await ask('the command byte, mouse off', 0x20);
  await ask('mouse on', 0xa8);
  await ask('the command byte, both on', 0x20);
  await ask('input port', 0xc0);
  await ask('output port', 0xd0);
  await ask('A20 off', 0xd1, 0xdd);
  await ask('output port, A20 off', 0xd0);
  await ask('A20 on', 0xd1, 0xdf);
  await ask('as if of the keyboard', 0xd2, 0x5a);
  await ask('as if of the mouse', 0xd3, 0xa5);
  await toKeyboard('reset', 0xff);
  await toKeyboard('identify', 0xf2);
  await toKeyboard('echo', 0xee);
  await toKeyboard('lights', 0xed, 0x07);
  await toKeyboard('typematic rate', 0xf3, 0x2b);
  await toKeyboard('disable', 0xf5);
  await toKeyboard('enable', 0xf4);
  await toKeyboard('defaults', 0xf6);
  await toKeyboard('scan code set, asked', 0xf0, 0x00);
  await toKeyboard('unknown', 0xe5);
  await toMouse('reset', 0xff);
  await toMouse('identify', 0xf2);
  await toMouse('status', 0xe9);
  await toMouse('resolution', 0xe8, 0x03);
  await toMouse('scaling 2:1', 0xe7);
  await toMouse('sample rate', 0xf3, 60);
  await toMouse('status, set', 0xe9);
  await toMouse('remote', 0xf0);
  await toMouse('read data', 0xeb);
  await toMouse('wrap', 0xee);
  await toMouse('wrapped', 0x12, 0x34);
  await toMouse('no wrap', 0xec);
  await toMouse('stream', 0xea);
  await toMouse('enable', 0xf4);
  await toMouse('status, enabled', 0xe9);
  await toMouse('defaults', 0xf6);
  await toMouse('knock', 0xf3, 200, 0xf3, 100, 0xf3, 80);
  await toMouse('identify, with a wheel', 0xf2);
  await toMouse('unknown', 0xe4);

  const random = numbersFrom(8042);
  const controller = [[0x20], [0xaa], [0xa9], [0xab], [0xc0], [0x60, 0x47], [0x60, 0x44], [0xad], [0xae], [0xa8]];
  const keyboard = [0xee, 0xf2, 0xf4, 0xf5, 0xf6];
  const mouse = [0xe6, 0xe7, 0xe9, 0xea, 0xf2, 0xf4, 0xf5, 0xf6];
  for (let i = 0; i < RANDOM_COMMANDS; i++) {
    const kind = random(3);
    session.step(`random command ${i}`);
    if (kind === 0) command(...controller[random(controller.length)]);
    else if (kind === 1) session.out(DATA, keyboard[random(keyboard.length)]);
    else command(TO_MOUSE, mouse[random(mouse.length)]);
    await drain();
  }
};
