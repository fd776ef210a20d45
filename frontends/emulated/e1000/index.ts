export {E1000Nic, type E1000NicOptions} from './e1000-nic.ts';
