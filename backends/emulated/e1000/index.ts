export {E1000, type E1000Options} from './e1000.ts';
