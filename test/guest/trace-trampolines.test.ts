/** fentry and fexit. */
import { declareGuestCases } from '../trace/guest-cases.ts';

declareGuestCases('trampolines');
