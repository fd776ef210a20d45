export type {Access, Register, RegisterHook, RegisterHooks} from './register.ts';
export {RegisterFile} from './register-file.ts';
