/** Leads from a step of a login back to its first page. */
export const BeginAgain = ({ leave }: { leave: () => void }) => (
  <div className="aside"><button type="button" className="plain" onClick={leave}>Back to the login</button></div>
);
