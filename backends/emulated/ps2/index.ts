export {I8042, type I8042Options} from './i8042.ts';
export {type KeyName, keyNamed} from './scan-codes.ts';
