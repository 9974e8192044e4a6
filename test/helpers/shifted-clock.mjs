/** Loaded before a program (`node --import`): its wall clock goes CLOCK_SHIFT_MS before that of the host. Other clocks stay as they are. */
const RealDate = Date;
const shiftMs = Number(process.env.CLOCK_SHIFT_MS);

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shiftMs);
    else super(...args);
  }

  static now() {
    return RealDate.now() + shiftMs;
  }
};
