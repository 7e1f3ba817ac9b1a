const long = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short',
});

/** A time of the service, in the reader's zone, which is named. */
export const When = ({ at }: { at: string }) => <time dateTime={at}>{long.format(new Date(at))}</time>;
