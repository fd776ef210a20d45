export {openVhd} from './open.ts';
