// Shows a passkey where the browser can: each form of the class passkey holds what is asked for, and is sent with the
// answer. Without scripts these forms stay hidden, and the page works by password and code.
for (const form of document.querySelectorAll('form.passkey')) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) continue;
  form.hidden = false;
  const button = form.querySelector('button');
  button.addEventListener('click', async () => {
    button.disabled = true;
    try {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(JSON.parse(form.dataset.options));
      form.elements.passkey.value = JSON.stringify(await navigator.credentials.get({ publicKey }));
      form.submit();
    } catch { // nothing was shown: the page stays as it is
      button.disabled = false;
      button.focus();
    }
  });
}
