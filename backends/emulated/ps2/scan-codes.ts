/** Keys by their place, as KeyboardEvent.code of browsers names it, with their code of set 2: 0xe0.. with that prefix. */
const codes = {
  KeyA: 0x1c,
  KeyB: 0x32,
  KeyC: 0x21,
  KeyD: 0x23,
  KeyE: 0x24,
  KeyF: 0x2b,
  KeyG: 0x34,
  KeyH: 0x33,
  KeyI: 0x43,
  KeyJ: 0x3b,
  KeyK: 0x42,
  KeyL: 0x4b,
  KeyM: 0x3a,
  KeyN: 0x31,
  KeyO: 0x44,
  KeyP: 0x4d,
  KeyQ: 0x15,
  KeyR: 0x2d,
  KeyS: 0x1b,
  KeyT: 0x2c,
  KeyU: 0x3c,
  KeyV: 0x2a,
  KeyW: 0x1d,
  KeyX: 0x22,
  KeyY: 0x35,
  KeyZ: 0x1a,
  Digit0: 0x45,
  Digit1: 0x16,
  Digit2: 0x1e,
  Digit3: 0x26,
  Digit4: 0x25,
  Digit5: 0x2e,
  Digit6: 0x36,
  Digit7: 0x3d,
  Digit8: 0x3e,
  Digit9: 0x46,
  Backquote: 0x0e,
  Minus: 0x4e,
  Equal: 0x55,
  BracketLeft: 0x54,
  BracketRight: 0x5b,
  Backslash: 0x5d,
  Semicolon: 0x4c,
  Quote: 0x52,
  Comma: 0x41,
  Period: 0x49,
  Slash: 0x4a,
  IntlBackslash: 0x61,
  Space: 0x29,
  Tab: 0x0d,
  Enter: 0x5a,
  Backspace: 0x66,
  Escape: 0x76,
  CapsLock: 0x58,
  NumLock: 0x77,
  ScrollLock: 0x7e,
  ShiftLeft: 0x12,
  ShiftRight: 0x59,
  ControlLeft: 0x14,
  ControlRight: 0xe014,
  AltLeft: 0x11,
  AltRight: 0xe011,
  MetaLeft: 0xe01f,
  MetaRight: 0xe027,
  ContextMenu: 0xe02f,
  F1: 0x05,
  F2: 0x06,
  F3: 0x04,
  F4: 0x0c,
  F5: 0x03,
  F6: 0x0b,
  F7: 0x83,
  F8: 0x0a,
  F9: 0x01,
  F10: 0x09,
  F11: 0x78,
  F12: 0x07,
  Insert: 0xe070,
  Delete: 0xe071,
  Home: 0xe06c,
  End: 0xe069,
  PageUp: 0xe07d,
  PageDown: 0xe07a,
  ArrowUp: 0xe075,
  ArrowDown: 0xe072,
  ArrowLeft: 0xe06b,
  ArrowRight: 0xe074,
  Numpad0: 0x70,
  Numpad1: 0x69,
  Numpad2: 0x72,
  Numpad3: 0x7a,
  Numpad4: 0x6b,
  Numpad5: 0x73,
  Numpad6: 0x74,
  Numpad7: 0x6c,
  Numpad8: 0x75,
  Numpad9: 0x7d,
  NumpadDecimal: 0x71,
  NumpadAdd: 0x79,
  NumpadSubtract: 0x7b,
  NumpadMultiply: 0x7c,
  NumpadDivide: 0xe04a,
  NumpadEnter: 0xe05a,
} as const;

const EXTENDED = 0xe0;
const BREAK = 0xf0;

/** Keys whose codes follow no rule. Pause says nothing when it is released, and does not repeat. */
const oddKeys = {
  PrintScreen: {make: [0xe0, 0x12, 0xe0, 0x7c], release: [0xe0, 0xf0, 0x7c, 0xe0, 0xf0, 0x12]},
  Pause: {make: [0xe1, 0x14, 0x77, 0xe1, 0xf0, 0x14, 0xf0, 0x77], release: []},
} as const;

export type KeyName = keyof typeof codes | keyof typeof oddKeys;

/** Undefined: no key of that name. */
export const keyNamed = (name: string): KeyName | undefined =>
  Object.hasOwn(codes, name) || Object.hasOwn(oddKeys, name) ? (name as KeyName) : undefined;

const isOdd = (key: KeyName): key is keyof typeof oddKeys => Object.hasOwn(oddKeys, key);

/** What a keyboard in set 2 sends when the key goes down. */
export const makeCode = (key: KeyName): readonly number[] => {
  if (isOdd(key)) return oddKeys[key].make;
  const code = codes[key];
  return code > 0xff ? [EXTENDED, code & 0xff] : [code];
};

/** And when it comes up. */
export const breakCode = (key: KeyName): readonly number[] => {
  if (isOdd(key)) return oddKeys[key].release;
  const code = codes[key];
  return code > 0xff ? [EXTENDED, BREAK, code & 0xff] : [BREAK, code];
};
