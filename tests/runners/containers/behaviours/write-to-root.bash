echo 1 > /image.txt && echo WROTE; cat /old.txt; echo 1 > /old.txt; ls /
