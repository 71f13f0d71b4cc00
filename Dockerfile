# The study in a box: README.md, "Containers", has the commands.
FROM python:3.11-slim AS tools
RUN apt-get update && apt-get install --yes --no-install-recommends make git && rm -rf /var/lib/apt/lists/*
# Whoever `docker run --user` names may keep caches in this home, and ask git which commit it runs …
RUN useradd --create-home reader && chmod 1777 /home/reader && git config --system --add safe.directory /dualrec
ENV HOME=/home/reader
WORKDIR /dualrec
RUN chown reader .
USER reader

# A devcontainer ends above: it sets up in its own workspace.
FROM tools AS study
COPY --chown=reader . .
# … and write notebooks, figures and runs.
RUN chmod --recursive a+rwX . && make setup
EXPOSE 8888
CMD [".venv/bin/python", "-m", "jupyterlab", "--ServerApp.root_dir=notebooks", "--ip=0.0.0.0", "--no-browser"]
