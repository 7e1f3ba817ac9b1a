// Looks for new mail every other second while the inbox is seen: reads the page that a reload would show, and puts its
// list in the place of this one's if there is another mail in front.
const newest = (page) => page.querySelector(".mails a")?.getAttribute("href");

async function look() {
  if (document.hidden) return;
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (newest(page) === newest(document)) return;
  const focused = document.activeElement.closest(".mails a")?.getAttribute("href");
  document.getElementById("mails").replaceWith(document.adoptNode(page.getElementById("mails")));
  if (focused) document.querySelector(`.mails a[href="${CSS.escape(focused)}"]`)?.focus();
  document.getElementById("news").textContent = "New mail: " + document.querySelector(".mails strong").textContent;
}

async function follow() {
  await look().catch(() => {}); // the server may be starting anew
  setTimeout(follow, 2000);
}

document.addEventListener("visibilitychange", look);
follow();
