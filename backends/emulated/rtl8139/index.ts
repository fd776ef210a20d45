export {Rtl8139, type Rtl8139Options} from './rtl8139.ts';
