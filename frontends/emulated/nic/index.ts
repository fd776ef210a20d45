export {NativeNic} from './native-nic.ts';
