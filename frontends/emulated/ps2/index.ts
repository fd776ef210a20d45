export type {KeyEvent} from './key-decoder.ts';
export type {PointerEvent} from './mouse-decoder.ts';
export {Ps2Input} from './ps2-input.ts';
