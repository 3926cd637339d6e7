/** Many functions by one link, and sessions. */
import { declareGuestCases } from '../trace/guest-cases.ts';

declareGuestCases('many-functions');
