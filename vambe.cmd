@echo off
rem Runs the vambe command from dist\ as it was built; builds nothing.
if not exist "%~dp0dist\cli\main.js" (
  echo vambe is not built yet. Run "npm ci" in its folder first. 1>&2
  exit /b 2
)
node "%~dp0dist\cli\main.js" %*
