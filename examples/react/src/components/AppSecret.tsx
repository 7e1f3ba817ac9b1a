/** What an authenticator app takes in: by its camera, by a tap on the phone itself, or typed. */
export function AppSecret({ qrCode, uri, secret }: { qrCode: string; uri: string; secret: string }) {
  return (
    <>
      <p>Scan this with your authenticator app, or <a href={uri}>open the app on this device</a>.</p>
      <img className="qr" alt="QR code for your authenticator app" src={`data:image/svg+xml;utf8,${encodeURIComponent(qrCode)}`} />
      <p>Or type this into it:</p>
      <p className="secret"><code id="secret">{secret}</code></p>
    </>
  );
}
