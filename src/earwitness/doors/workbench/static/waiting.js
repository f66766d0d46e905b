// What waits for whoever is signed in, said in the head of every page as it opens.

const place = document.querySelector("[data-waiting]");

async function look() {
  const answer = await fetch("/workbench/waiting", { redirect: "manual" }).catch(() => null);
  if (!place || !answer?.ok) return;
  const waiting = Number((await answer.json()).waiting);
  place.replaceChildren();
  if (!waiting) return;
  const link = document.createElement("a");
  link.href = "/workbench/reports";
  link.textContent = waiting === 1 ? "One report waits for you" : `${waiting} reports wait for you`;
  place.append(link);
}

look();
