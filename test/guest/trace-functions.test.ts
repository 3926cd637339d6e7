/** kprobe and kretprobe, with everything that is asked of them. */
import { declareGuestCases } from '../trace/guest-cases.ts';

declareGuestCases('kernel-functions');
