import * as a from './assembler.ts';
import * as r from './registers.ts';

/** Pieces of memory that a command's data may lie in. */
export const MAX_PIECES = 256;

/** Bytes from DSA: what the script reads and writes of a command's slot. Entries are a count and an address. */
export const slotLayout = {
  /** Where the script begins with it. */
  go: 0x00,
  select: 0x04,
  messageOut: 0x08,
  cdb: 0x10,
  status: 0x18,
  /** Where the data phase goes on. */
  pointer: 0x20,
  state: 0x24,
  messageBytes: 0x28,
  cdbBytes: 0x30,
  statusByte: 0x40,
  pieces: 0x60,
} as const;

/** In `state`: the target has told its status, or taken its message. */
export const DONE = 1;

/** Codes of INT: nothing of this can be mended but by a reset. */
const NO_MESSAGE_OUT = 1;
const BAD_PHASE = 2;
const NO_MESSAGE_IN = 3;
const UNKNOWN_MESSAGE = 4;
const TOO_MUCH_DATA = 5;

/** Messages that end a command or only need to be acknowledged. */
const COMMAND_COMPLETE = 0x00;
const SAVE_DATA_POINTER = 0x02;
const RESTORE_POINTERS = 0x03;
const DISCONNECT = 0x04;
const MESSAGE_REJECT = 0x07;

const {go, select, messageOut, cdb, status, pointer, state, pieces} = slotLayout;

const movePieces = (phase: a.PhaseName): readonly a.Line[] =>
  Array.from({length: MAX_PIECES}, (_, i) => a.moveFrom(pieces + i * 8, phase));

const expectDisconnect = a.registerToRegister(r.SCNTL2, 'and', r.SCNTL2_EXPECT_DISCONNECT);

/**
 * The driver's SCRIPTS. `queue` points to the next entry of the start queue: a slot and the next entry. The last slot is one
 * that only waits, so that the host adds a command by one write of a word.
 */
export const script: a.Program = {
  // The host's signal, or a target that comes back.
  wait: [a.waitReselect('getJob')],
  reselected: [
    a.int(NO_MESSAGE_IN, a.unless('messageIn')),
    a.move(1, 'messages', 'messageIn'),
    a.clear('ack'),
    // The tag, which stays in SIDL, is the slot's index in a table of addresses.
    a.move(2, 'messages', 'messageIn'),
    a.clear('carry'),
    a.registerToSfbr(r.SIDL, 'shiftLeft'),
    a.load(r.DSA, 'slots'),
    a.sfbrToRegister(r.DSA, 'shiftLeft'),
    a.load(r.DSA, {dsa: 0}),
    a.store(r.DSA, 'current'),
    a.clear('ack'),
    a.jump('dispatch'),
  ],
  getJob: [
    // Takes the signal, so that one that comes now is not lost.
    a.registerToSfbr(r.CTEST2, 'or'),
    a.load(r.DSA, 'queue'),
    a.load(r.SCRATCHA, {dsa: 4}),
    a.load(r.DSA, {dsa: 0}),
    a.store(r.DSA, 'current'),
    a.load(r.TEMP, {dsa: go}),
    a.returnToTemp,
  ],
  start: [
    a.selectAtnFrom(select, 'reselected'),
    a.store(r.SCRATCHA, 'queue'),
    a.int(NO_MESSAGE_OUT, a.unless('messageOut')),
    a.moveFrom(messageOut, 'messageOut'),
    a.jump('dispatch', a.unless('command')),
    a.moveFrom(cdb, 'command'),
  ],
  dispatch: [
    a.jump('messageIn', a.when('messageIn')),
    a.jump('data', a.ifPhase('dataIn')),
    a.jump('data', a.ifPhase('dataOut')),
    a.jump('status', a.ifPhase('status')),
    a.int(BAD_PHASE),
  ],
  data: [a.load(r.TEMP, {dsa: pointer}), a.returnToTemp],
  dataIn: movePieces('dataIn'),
  dataInDone: [a.jump('dataDone')],
  dataOut: movePieces('dataOut'),
  dataDone: [a.load(r.SCRATCHA, 'noMoreData'), a.store(r.SCRATCHA, {dsa: pointer}), a.jump('dispatch')],
  tooMuchData: [a.int(TOO_MUCH_DATA)],
  // A data phase ended early: the piece is cut to what is left of it, and is the first of the next data phase.
  mismatch: [
    a.store(r.ESA, 'scratch'),
    a.load(r.DSA, 'scratch'),
    a.store(r.RBC, {dsa: 0}),
    a.store(r.UA, {dsa: 4}),
    a.load(r.DSA, 'current'),
    a.store(r.IA, {dsa: pointer}),
    a.jump('dispatch'),
  ],
  status: [a.moveFrom(status, 'status'), a.jump('dispatch', a.unless('messageIn'))],
  messageIn: [
    a.move(1, 'messages', 'messageIn'),
    a.jump('complete', a.ifByte(COMMAND_COMPLETE)),
    a.jump('disconnect', a.ifByte(DISCONNECT)),
    a.jump('acknowledge', a.ifByte(SAVE_DATA_POINTER)),
    a.jump('acknowledge', a.ifByte(RESTORE_POINTERS)),
    a.jump('acknowledge', a.ifByte(MESSAGE_REJECT)),
    a.int(UNKNOWN_MESSAGE),
  ],
  acknowledge: [a.clear('ack'), a.jump('dispatch')],
  disconnect: [expectDisconnect, a.clear('ack'), a.waitDisconnect, a.jump('getJob')],
  // Messages after which a target lets go of the bus.
  sendMessage: [
    a.selectAtnFrom(select, 'reselected'),
    a.store(r.SCRATCHA, 'queue'),
    a.int(NO_MESSAGE_OUT, a.unless('messageOut')),
    expectDisconnect,
    a.moveFrom(messageOut, 'messageOut'),
    a.jump('finish'),
  ],
  complete: [expectDisconnect, a.clear('ack')],
  finish: [a.waitDisconnect, a.load(r.SCRATCHA, 'done'), a.store(r.SCRATCHA, {dsa: state}), a.intFly, a.jump('getJob')],
  queue: [a.word(0)],
  slots: [a.word(0)],
  current: [a.word(0)],
  scratch: [a.word(0)],
  messages: [a.word(0)],
  done: [a.word(DONE)],
  noMoreData: [a.word('tooMuchData')],
};
