export {Rtl8139Nic} from './rtl8139-nic.ts';
